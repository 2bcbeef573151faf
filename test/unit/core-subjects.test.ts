import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkDestination, checkSubjectHeaders, destinationFilter, destinationOf, guessedPayload, subjectCovers, subjectFilter, subjectMatches, subjectName, subjectsOverlap } from "../../src/core/index.ts";

const token = fc.constantFrom("a", "b", "c");
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const filter = fc.tuple(fc.array(fc.constantFrom("a", "b", "c", "*"), { minLength: 1, maxLength: 4 }), fc.boolean()).map(([tokens, rest]) => [...tokens, ...(rest ? [">"] : [])].join("."));

/** The same rule, said with a regular expression. */
function byPattern(wanted: string, text: string): boolean {
  return new RegExp(`^${wanted.split(".").map((word) => (word === "*" ? "[^.]+" : word === ">" ? ".+" : word)).join("\\.")}$`).test(text);
}

describe("subjects", () => {
  it("match as NATS matches: * is one token, > the rest, at least one", () => {
    fc.assert(fc.property(filter, subject, (wanted, text) => { assert.equal(subjectMatches(wanted, text), byPattern(wanted, text)); }));
    assert.equal(subjectMatches("orders.>", "orders"), false);
  });

  it("overlap exactly when some subject matches both", () => {
    const all = ["a", "b", "c"];
    for (let length = 1; length < 6; length++) all.push(...all.filter((text) => text.split(".").length === length).flatMap((text) => ["a", "b", "c"].map((word) => `${text}.${word}`)));
    fc.assert(fc.property(filter, filter, (one, other) => {
      assert.equal(subjectsOverlap(one, other), all.some((text) => byPattern(one, text) && byPattern(other, text)));
      assert.equal(subjectCovers(one, other), all.every((text) => !byPattern(other, text) || byPattern(one, text)), `${one} covers ${other}`);
    }), { numRuns: 100 });
  });

  it("are refused when the server would not take them, with the field named", () => {
    for (const wrong of ["", "a b", "a..b", ".a", "a.", "a\n", "\ud800", 7, null, undefined, "x".repeat(1025)]) {
      assert.throws(() => subjectName(wrong, "to"), { code: "invalid-input", field: "to" });
      assert.throws(() => subjectFilter(wrong, "from"), { code: "invalid-input", field: "from" });
    }
    for (const wrong of ["a.*", "a.>", ">"]) assert.throws(() => subjectName(wrong), { code: "invalid-input", message: /wildcard/ });
    assert.throws(() => subjectFilter("a.>.b"), { code: "invalid-input", message: /last token/ });
    for (const right of ["a", "a.*", ">", "a.*.b.>", "ä.日本", "a*b", "$JS.EVENT.>"]) assert.equal(subjectFilter(right), right);
  });

  it("become destinations, which may take tokens over", () => {
    const cases: [string, string, string, string][] = [
      ["a.*", "b.$1", "a.x", "b.x"],
      ["*.from.*", "to.$2.$1", "x.from.y", "to.y.x"],
      ["a.>", "b.>", "a.x.y", "b.x.y"],
      [">", "copy.>", "a.b", "copy.a.b"],
      ["a.>", "b", "a.x.y", "b"],
    ];
    for (const [from, to, text, expected] of cases) {
      assert.equal(destinationOf(from, checkDestination(from, to), text), expected);
      assert.ok(subjectMatches(destinationFilter(to), expected));
    }
    for (const [from, to] of [["a", "b.$1"], ["a.*", "b.$2"], ["a.*", "b.$0"], ["a.*", "b.*"], ["a.*", "b.>"], ["a", ""]] as const) {
      assert.throws(() => checkDestination(from, to), { code: "invalid-input", field: "to" });
    }
  });

  it("have headers whose names and values fit on a line", () => {
    const headers = { "X-One": "1", many: ["a", "b"] };
    assert.equal(checkSubjectHeaders(headers), headers);
    for (const wrong of [{ "a:b": "" }, { "": "" }, { "ä": "" }, { a: "x\ny" }, { a: 7 }, { a: null }, { a: ["x", 1] }, "text", null, ["a"]]) {
      assert.throws(() => checkSubjectHeaders(wrong as never), { code: "invalid-input" });
    }
  });
});

describe("payloads from elsewhere", () => {
  it("are JSON if they parse, else text, else bytes, and keep their bytes", () => {
    const cases: [string | Uint8Array, string][] = [
      ['{"a":1}', "json"], [" 12345678901234567890\n", "json"], ['"x"', "json"], ["null", "json"], ["", "text"], ["hello", "text"], ["{oops", "text"], ["true story", "text"], ["\ufeff1", "text"], [Uint8Array.of(0xff, 0), "bytes"],
    ];
    for (const [data, encoding] of cases) {
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      assert.deepEqual(guessedPayload(bytes), { encoding, bytes }, String(data));
    }
  });
});
