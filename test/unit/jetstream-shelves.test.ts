import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LogMessage } from "../../src/brokers/jetstream/message.ts";
import { Shelves } from "../../src/brokers/jetstream/shelves.ts";

function messages(from: number, to: number, size: number): LogMessage[] {
  const data = new Uint8Array(size);
  return Array.from({ length: to - from + 1 }, (_, i) => LogMessage.ofStored({ seq: from + i, subject: "qs.q.m.0.k.1.a.-", at: 0, headers: {}, data }));
}

describe("messages that were read ahead", () => {
  for (const [what, count, size] of [["many", 20_000, 1], ["large", 100, 1024 * 1024]] as const) {
    it(`make room for what a pop waits for, however ${what} they are`, () => {
      const shelves = new Shelves();
      shelves.put("held", 0, messages(1, count, size));
      shelves.put("asked", count, messages(count + 1, count + 2, 1));
      assert.deepEqual(shelves.behind("asked", count).messages, []);
      shelves.fetched("asked", count, messages(count + 1, count + 2, 1));
      assert.deepEqual(shelves.behind("asked", count).messages.map(({ seq }) => seq), [count + 1, count + 2]);
    });
  }
});
