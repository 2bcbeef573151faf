import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GroupView } from "../../src/brokers/jetstream/inspect/view.ts";
import type { Placed } from "../../src/brokers/jetstream/inspect/view.ts";
import { GroupRecord } from "../../src/brokers/jetstream/record.ts";
import type { Lease } from "../../src/brokers/jetstream/record.ts";

const NOW = 1_000_000;
const SOON = NOW + 5_000;
const PAST = NOW - 5_000;

describe("a message as one group sees it, by the group's record", () => {
  const alone = (seq: number, more: Partial<Placed> = {}): Placed => ({ seq, at: 0, onlyGroup: null, place: { partition: null, priority: 0, alias: null }, ...more });
  const inPart = (seq: number, partition = "p"): Placed => alone(seq, { place: { partition, priority: 0, alias: null } });
  const lease = (ends: number, open: number[], token = "t"): Lease => ({ token, since: PAST, ends, worker: "w", open });
  const record = (at: number, from = 0): GroupRecord => {
    const made = GroupRecord.starting("all", from, false);
    made.moveTo(0, at);
    return made;
  };
  const states = (made: GroupRecord, ...messages: Placed[]): string[] => messages.map((message) => new GroupView("g", made, NOW).of(message).state);

  it("everything is ready to a group that doesn't exist, but for what is meant for others", () => {
    const view = new GroupView("g", undefined, NOW);
    assert.deepEqual([alone(1), inPart(2), alone(3, { onlyGroup: "other" }), alone(4, { onlyGroup: "g" })].map((message) => view.of(message).state), ["ready", "ready", "completed", "ready"]);
  });

  it("without a partition: settled up to the position, but for what a lease holds or was given back", () => {
    const made = record(10);
    made.leases.set("t", lease(SOON, [3]));
    made.leases.set("u", lease(PAST, [4], "u"));
    made.back.set(5, { seq: 5, c: 1, d: 1, r: 1, ready: SOON });
    made.back.set(6, { seq: 6, c: 1, d: 2, r: 1, ready: PAST });
    made.ahead.set(12, 1);
    assert.deepEqual(states(made, alone(2), alone(3), alone(4), alone(5), alone(6), alone(11), alone(12)), ["completed", "leased", "ready", "retrying", "ready", "ready", "completed"]);
    const view = new GroupView("g", made, NOW);
    assert.deepEqual([view.leased(), view.charged(), view.returned(0), view.floor([0])], [[3], [5], [4, 6], 2]);
  });

  it("in a partition: settled up to its own position, then leased, waiting, or ready", () => {
    const made = record(10);
    made.parts.set("p", { pos: 2, tail: 9, n: 3, done: [4], lease: { ...lease(SOON, [3, 5]), last: 6 }, past: [{ seq: 7, c: 1, d: 1, r: 1, at: SOON }] });
    assert.deepEqual(states(made, inPart(2), inPart(3), inPart(4), inPart(5), inPart(6), inPart(7), inPart(8), inPart(11)), ["completed", "leased", "completed", "leased", "completed", "retrying", "ready", "ready"]);
    assert.deepEqual(states(made, inPart(9, "other"), inPart(11, "other")), ["completed", "ready"]);
    assert.equal(new GroupView("g", made, NOW).isFree("p"), false);
    assert.equal(new GroupView("g", made, SOON + 1).isFree("p"), true);
  });

  it("what was before the group's start is completed without a delivery", () => {
    const made = record(5, 5);
    const view = new GroupView("g", made, NOW);
    assert.deepEqual([view.of(alone(5)).state, view.of(alone(5)).deliveries, view.of(alone(6)).state], ["completed", 0, "ready"]);
  });

  it("stays as it was when the record goes on", () => {
    const made = record(0);
    const view = new GroupView("g", made, NOW);
    made.moveTo(0, 10);
    made.leases.set("t", lease(SOON, [3]));
    assert.deepEqual([view.of(alone(3)).state, view.leased()], ["ready", []]);
  });
});
