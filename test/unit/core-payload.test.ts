import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bytesPayload, jsonTextPayload, MAX_PAYLOAD_BYTES, payloadText, payloadValue, textPayload, valuePayload } from "../../src/core/index.ts";

describe("payloads", () => {
  it("keep JSON as the text that was pushed", () => {
    for (const text of ["12345678901234567890", '{ "b":1,  "a":2 }', "1.0", '"\\u0000"', "null", "{}", '""']) {
      assert.equal(payloadText(jsonTextPayload(text)), text);
    }
  });

  it("give any JSON value back", () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      assert.deepEqual(payloadValue(valuePayload(value)), JSON.parse(JSON.stringify(value)));
    }));
  });

  it("give any text back, NUL and BOM included", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => { assert.equal(payloadValue(textPayload(text)), text); }));
    for (const text of ["", "a\u0000b", "\ufeffx"]) assert.equal(payloadValue(textPayload(text)), text);
  });

  it("give any bytes back", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => { assert.deepEqual(payloadValue(valuePayload(bytes)), bytes); }));
  });

  it("use toJSON, as JSON.stringify does", () => {
    assert.equal(payloadText(valuePayload({ at: new Date(0) })), '{"at":"1970-01-01T00:00:00.000Z"}');
  });

  it("refuse what JSON can't hold, naming the path", () => {
    const cycle: Record<string, unknown> = { name: "loop" };
    cycle["self"] = [cycle];
    const cases: [unknown, string][] = [[undefined, "data"], [{ a: { b: undefined } }, "data.a.b"], [[1, 2n], "data[1]"], [cycle, "data.self[0]"], [{ f: () => 1 }, "data.f"], [{ n: Number.NaN }, "data.n"], [Symbol("x"), "data"]];
    for (const [value, path] of cases) assert.throws(() => valuePayload(value), { code: "invalid-input", field: path });
  });

  it("refuse a value nested too deep to be parsed again", () => {
    let deep: unknown = null;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    assert.throws(() => valuePayload(deep), { code: "invalid-input", field: "data" });
  });

  it("accept the same object twice where it isn't a cycle", () => {
    const shared = { x: 1 };
    assert.equal(payloadText(valuePayload([shared, shared])), '[{"x":1},{"x":1}]');
  });

  it("may have 64 MiB, and not a byte more", () => {
    assert.equal(bytesPayload(new Uint8Array(MAX_PAYLOAD_BYTES)).bytes.byteLength, MAX_PAYLOAD_BYTES);
    assert.throws(() => bytesPayload(new Uint8Array(MAX_PAYLOAD_BYTES + 1)), { code: "payload-too-large" });
  });

  it("refuse text that isn't JSON where JSON is demanded, and half a surrogate pair in text", () => {
    assert.throws(() => jsonTextPayload("{oops"), { code: "invalid-input", field: "data" });
    assert.throws(() => textPayload("\ud800"), { code: "invalid-input", field: "data" });
  });
});
