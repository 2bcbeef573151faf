import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import type { MessageRow } from "../../src/protocol/index.ts";
import { hexLines, pushCommand } from "../../webview/messages/content.ts";
import { jsonLines, jsonText } from "../../webview/messages/json-lines.ts";
import { timeOf } from "../../webview/messages/time-text.ts";

describe("JSON as lines", () => {
  it("stands as JSON.stringify writes it, for all that JSON.parse doesn't change", () => {
    for (const value of [null, 1, "x", [], {}, [[]], [{}], { a: [] }, { a: { b: [1, "two", null, true, { c: -1.5e3 }] }, "d\"e": "{[,:]}" }]) {
      assert.equal(jsonText(JSON.stringify(value)), JSON.stringify(value, null, 2));
    }
  });

  it("leaves every token as it was pushed", () => {
    assert.equal(jsonText('{"n":12345678901234567890,"n":1.0,"e":1E400,"s":"\\u00e4"}'), '{\n  "n": 12345678901234567890,\n  "n": 1.0,\n  "e": 1E400,\n  "s": "\\u00e4"\n}');
  });

  it("tells names from texts, for their colours", () => {
    const { lines } = jsonLines('{"a":"b","c":[null,true,1]}', 100);
    assert.deepEqual(lines.flatMap(({ tokens }) => tokens.filter(({ kind }) => kind !== "mark").map(({ kind, text }) => [kind, text])), [["name", '"a"'], ["string", '"b"'], ["name", '"c"'], ["null", "null"], ["boolean", "true"], ["number", "1"]]);
  });

  it("copes with what was cut off, and with any depth", () => {
    assert.equal(jsonText('{"a":["unfinis'), '{\n  "a": [\n    "unfinis');
    const deep = jsonLines("[".repeat(250_000), 1000);
    assert.deepEqual([deep.lines.length, deep.more], [1000, true]);
    assert.ok(deep.lines.every(({ indent }) => indent <= 40));
    assert.equal(jsonLines(JSON.stringify(Array.from({ length: 100_000 }, () => 1)), 2000).lines.length, 2000);
  });
});

describe("bytes in hexadecimal", () => {
  it("stand sixteen to a line, with what is readable of them", () => {
    const bytes = new Uint8Array(Buffer.from("0123456789abcdef<b>\u0000ä"));
    assert.deepEqual(hexLines(bytes, 10), [
      { offset: "00000000", hex: "30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66", text: "0123456789abcdef" },
      { offset: "00000010", hex: "3c 62 3e 00 c3 a4", text: "<b>..." },
    ]);
    assert.equal(hexLines(new Uint8Array(100_000), 5).length, 5);
  });
});

describe("a message as a push command", () => {
  const row = (more: Partial<MessageRow>): MessageRow => ({ id: "m1-1", partition: null, state: "ready", priority: 0, transactionId: "m1-1", createdAt: 0, until: null, deliveryCount: 0, charges: 0, worker: null, lastError: null, headers: {}, preview: "", size: 0, ...more });
  const content = (encoding: "json" | "text" | "bytes", text: string): { encoding: typeof encoding; text: string } => ({ encoding, text: Buffer.from(text).toString("base64") });

  it("survives a shell with all its quotes", () => {
    const nasty = `it's "$(rm -rf /)" \`x\` \\ \n--flag`;
    const command = pushCommand("my queue", row({ partition: "a'b", headers: { "x-y": "1 2" } }), content("text", nasty));
    const words = execFileSync("sh", ["-c", `printf '%s\\0' ${command.replace(/^queuescope /, "")}`], { encoding: "utf8" }).split("\0").slice(0, -1);
    assert.deepEqual(words, ["push", "my queue", "--text", "--partition", "a'b", "--header", "x-y=1 2", "--", nasty]);
  });

  it("gives bytes as base64, and the priority", () => {
    assert.equal(pushCommand("q", row({ priority: 7 }), content("bytes", "\u0000")), "queuescope push q --bytes --priority 7 -- 'AA=='".replaceAll("'", ""));
  });
});

describe("a time as people write it", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  it("is a span ago, a time of today, or a date with or without a zone", () => {
    assert.equal(timeOf("15m", now), now - 900_000);
    assert.equal(timeOf("2 h ago", now), now - 7_200_000);
    assert.equal(timeOf("2026-01-31T14:30Z", now), Date.parse("2026-01-31T14:30:00Z"));
    assert.equal(timeOf("2026-01-31 14:30", now), new Date(2026, 0, 31, 14, 30).getTime());
    const at = new Date(now);
    at.setHours(14, 30, 5, 0);
    assert.equal(timeOf("14:30:05", now), at.getTime());
  });

  it("is none for an id, or for what no clock shows", () => {
    for (const text of ["m1-42", "k3x9f0a2-42", "25:00", "", "soon", "2026-99-99"]) assert.equal(timeOf(text, now), null, text);
  });
});
