import assert from "node:assert/strict";
import { type Payload, MAX_PAYLOAD_BYTES, bytesPayload, jsonTextPayload, payloadText, payloadValue, textPayload, valuePayload } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, refused } from "./harness.ts";

export function data(factory: BrokerFactory): void {
  conformance(factory, "9. Data", (rig) => {
    /** Pushed, read and popped: what comes out each time. */
    const through = async (payload: Payload): Promise<Payload[]> => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, { payload });
      const read = (await rig.broker.inspect.read(id)).payload;
      const popped = (await rig.popOne(q)).payload;
      return [read, popped];
    };
    const same = async (payload: Payload): Promise<void> => {
      for (const out of await through(payload)) {
        assert.equal(out.encoding, payload.encoding);
        assert.ok(Buffer.from(out.bytes).equals(payload.bytes), "the bytes are the same");
      }
    };

    for (const json of ["null", '""', "{}", "[]", "0", "false", '"text"', "12345678901234567890", "1e400", "-0", "1.0", '{"b":1,"a":2}', ' { "spaced" :\n1 } ', '{"a":1,"a":2}', '"\\u0000"', '{"é":"\\ud83d\\udc8c","raw":"💌"}', `"${"x".repeat(1_500_000)}"`]) {
      rig.it(`JSON comes out as the text that was pushed: ${json.slice(0, 40)}`, () => same(jsonTextPayload(json)));
    }

    for (const text of ["", "plain", "null", "{}", "NUL \u0000 inside", "line\r\nend", "💌 ünïcode", "\ufeffBOM"]) {
      rig.it(`text comes out as it went in: ${JSON.stringify(text)}`, async () => {
        await same(textPayload(text));
        for (const out of await through(textPayload(text))) assert.equal(payloadText(out), text);
      });
    }

    rig.it("bytes come out as they went in, every value, and none at all", async () => {
      await same(bytesPayload(Uint8Array.from({ length: 256 }, (_, i) => i)));
      await same(bytesPayload(new Uint8Array()));
    });

    rig.it("bytes that a broker could take for marks of its own come out as they went in", async () => {
      for (const bytes of [[0xff], [0xff, 0], [0xff, 1], [0xff, 1, ...Array<number>(60).fill(7)], [0xff, 0, 0xff, 1], [0xfe, 0xff], [0]]) await same(bytesPayload(Uint8Array.from(bytes)));
    });

    rig.it("a view on a larger buffer is stored as the view", async () => {
      const view = new Uint8Array(Uint8Array.from([1, 2, 3, 4, 5]).buffer, 1, 3);
      for (const out of await through(bytesPayload(view))) assert.deepEqual([...out.bytes], [2, 3, 4]);
    });

    rig.it("takes exactly 64 MiB", async () => {
      rig.needs((c) => c.maxPayload >= MAX_PAYLOAD_BYTES, "payloads of 64 MiB");
      const bytes = new Uint8Array(MAX_PAYLOAD_BYTES);
      bytes[0] = 1;
      bytes[MAX_PAYLOAD_BYTES - 1] = 2;
      const q = await rig.queue();
      await rig.push(q, [bytesPayload(bytes)]);
      const out = (await rig.popOne(q)).payload.bytes;
      assert.deepEqual([out.byteLength, out[0], out[1], out[MAX_PAYLOAD_BYTES - 1]], [MAX_PAYLOAD_BYTES, 1, 0, 2]);
      await rig.broker.queues.delete(q);
    });

    rig.it("a value's JSON comes back as that value", async () => {
      const value = { n: null, s: "", o: {}, list: [1, "2", false], deep: { at: new Date(0) } };
      for (const out of await through(valuePayload(value))) assert.deepEqual(payloadValue(out), { ...value, deep: { at: "1970-01-01T00:00:00.000Z" } });
    });

    rig.it("undefined, BigInt, functions, NaN and cycles are refused with their path", async () => {
      const cycle: { self?: unknown } = {};
      cycle.self = cycle;
      for (const [value, path] of [[undefined, "data"], [{ a: { b: undefined } }, "data.a.b"], [{ list: [1, 2n] }, "data.list[1]"], [cycle, "data.self"], [{ f: () => 0 }, "data.f"], [[Number.NaN], "data[0]"]] as const) {
        await refused(Promise.resolve().then(() => valuePayload(value)), "invalid-input", path);
      }
    });

    rig.it("headers come out as they went in", async () => {
      const q = await rig.queue();
      const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", empty: "", "ключ": "значение 💌", "with\nbreak": "a\r\nb\u0000c".replace("\u0000", ""), __proto__x: "1" };
      const { "with\nbreak": value, ...rest } = headers;
      const id = await rig.pushOne(q, { data: "m", headers: { ...rest, break: value } });
      assert.deepEqual((await rig.popOne(q)).headers, { ...rest, break: value });
      assert.deepEqual((await rig.broker.inspect.read(id)).headers, { ...rest, break: value });
    });

    rig.it("a message without headers has none", async () => {
      const q = await rig.queue();
      await rig.push(q, ["m", { data: "n", headers: {} }]);
      for (const d of await rig.pop(q, { batch: 2 })) assert.deepEqual(d.headers, {});
    });
  });
}
