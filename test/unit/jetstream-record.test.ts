import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseReceipt, receiptText } from "../../src/brokers/jetstream/receipts.ts";
import { GroupRecord } from "../../src/brokers/jetstream/record.ts";
import type { Patch } from "../../src/brokers/jetstream/record.ts";
import { placeOf, Subjects } from "../../src/brokers/jetstream/subjects.ts";

const NAMES = ["u", "k", "a.b", "*", ">", " ", "-", "=b", "0", "käse und brot", "schlüssel".repeat(100)];

describe("where a message stands on NATS", () => {
  it("is read off its subject, whatever its partition is called", () => {
    const subjects = new Subjects("orders.of today");
    for (const partition of NAMES) {
      for (const alias of [undefined, 7, 123_456_789]) assert.deepEqual(placeOf(subjects.message({ partition }, alias)), { priority: 0, partition, alias: alias ?? null });
    }
  });

  it("is its priority without one", () => {
    const subjects = new Subjects("q");
    for (let priority = 0; priority < 10; priority++) {
      for (const alias of [undefined, 42]) assert.deepEqual(placeOf(subjects.message({ partition: null, priority }, alias)), { priority, partition: null, alias: alias ?? null });
    }
  });
});

describe("a receipt on NATS", () => {
  it("says what it was made of", () => {
    for (const group of ["default", "the others", "a.b"]) {
      for (const partition of [null, ...NAMES]) {
        for (const alias of [null, 99]) {
          const receipt = { queue: "k3x9f0a2", group, partition, token: "abcdefghijkl-_09", seq: 123_456, alias };
          assert.deepEqual(parseReceipt(receiptText(receipt)), receipt);
        }
      }
    }
  });

  it("is refused when it is none, or something was cut off or added", () => {
    const whole = receiptText({ queue: "k3x9f0a2", group: "default", partition: "a", token: "abcdefghijkl-_09", seq: 5, alias: null });
    for (const text of ["", "x", ` ${whole}`, `${whole} `, `${whole}.b`, whole.slice(1), whole.replace("default", ""), whole.replace(".5.", ".."), 7, null, undefined]) {
      assert.throws(() => parseReceipt(text), { code: "invalid-input" });
    }
  });
});

describe("a group's record", () => {
  /** As another process reads it. */
  const stored = (patch: Pick<Patch, "head" | "set" | "del">): Patch => ({ v: 1, id: "", chain: [], before: [], ...(JSON.parse(JSON.stringify(patch)) as typeof patch) });
  const start = (): GroupRecord => GroupRecord.starting("all", 0, false);
  const lease = { token: "abcdefghijklmnop", since: 1, ends: 2, open: [4, 5] };

  function filled(): GroupRecord {
    const record = start();
    record.parts.set("a", { pos: 3, tail: 5, n: 2, lease: { ...lease, last: 5 }, done: [7], past: [{ seq: 4, c: 1, d: 2, r: 0, err: "=failed" }] });
    record.parts.set("constructor", { pos: 1, tail: 2, n: 1, ready: 9 });
    record.leases.set("t", { ...lease, worker: "w" });
    record.back.set(12, { seq: 12, c: 1, d: 1, r: 1, ready: 7, err: "=again" });
    record.ahead.set(14, 1);
    record.skip.set(15, 3);
    record.edited.set(16, 1);
    record.intents.set("i", { kind: "dead", seq: 1, at: 2, reason: "rejected", c: 1, d: 1, stack: "=at" });
    record.asks.set("q", [1, 2]);
    record.count({ delivered: 3 });
    return record;
  }

  it("is the same when it is loaded from what was stored whole, and weighs the same", () => {
    const record = filled();
    const snapshot = stored(record.snapshot());
    assert.ok(!record.changed);
    const loaded = start();
    loaded.apply(snapshot);
    assert.equal(loaded.bytes, record.bytes);
    assert.deepEqual(loaded.snapshot(), record.snapshot());
  });

  it("is the same when it is loaded change by change", () => {
    const record = start();
    const loaded = start();
    for (const change of [
      (): void => { record.parts.set("a", { pos: 1, tail: 2, n: 1 }); record.ahead.set(9, 1); },
      (): void => { record.parts.set("a", { pos: 1, tail: 3, n: 2, lease: { ...lease, last: 3 } }); record.parts.set("b", { pos: 1, tail: 2, n: 1 }); },
      (): void => { record.parts.delete("a"); record.ahead.delete(9); record.asks.set("x", []); },
      (): void => { record.parts.set("c", { pos: 1, tail: 2, n: 1 }); record.parts.delete("c"); record.moveTo(3, 17); },
    ]) {
      change();
      assert.ok(record.changed);
      loaded.apply(stored(record.takeChanges()));
      assert.ok(!record.changed);
      assert.equal(loaded.bytes, record.bytes);
      assert.deepEqual(loaded.head, record.head);
    }
    assert.deepEqual([...loaded.parts.entries()], [["b", { pos: 1, tail: 2, n: 1 }]]);
    assert.deepEqual(loaded.snapshot(), record.snapshot());
  });

  it("weighs as much as before once what was put in is gone", () => {
    const record = filled();
    for (const table of [record.parts, record.leases, record.back, record.ahead, record.skip, record.edited, record.intents, record.asks]) table.clear();
    assert.equal(record.bytes, start().bytes);
  });

  it("weighs no less than its JSON", () => {
    const record = filled();
    assert.ok(record.bytes >= JSON.stringify(record.snapshot()).length);
  });
});
