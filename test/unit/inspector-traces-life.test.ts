import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTextPayload, type Message, type MessageState, type TraceEvent } from "../../src/core/index.ts";
import { type Life, lifeOf, type Step } from "../../src/inspector/traces-life.ts";
import { storyOf } from "../../src/inspector/traces-story.ts";
import { durationText, eventsText, livesText } from "../../src/inspector/traces-text.ts";

const START = Date.UTC(2030, 0, 31, 12);

type Given = Partial<Omit<TraceEvent, "at" | "data">> & { readonly data?: object };

/** Events by their time after the start. */
function told(...given: readonly (readonly [at: number, type: string, more?: Given])[]): TraceEvent[] {
  return given.map(([at, type, { data, ...more } = {}], i) => ({ id: `e${i}`, messageId: "m1-42", queue: "orders", at: START + at, type, group: type === "pushed" ? null : "default", worker: null, attempt: null, names: [], ...more, data: data === undefined ? null : JSON.stringify(data) }));
}

function stands(state: MessageState, more: Partial<Message> = {}): Message {
  return { id: "m1-42", queue: "orders", partition: null, payload: jsonTextPayload("1"), headers: {}, transactionId: "m1-42", priority: 0, createdAt: START, expiresAt: null, redrivenFrom: null, editedAt: null, state, group: "default", charges: 0, deliveryCount: 0, until: null, worker: null, lastError: null, ...more };
}

function life(events: TraceEvent[], ...standing: Message[]): Life {
  const found = lifeOf(events, standing);
  assert.ok(found !== null);
  return found;
}

/** `waiting 0-120 leased`: what, from, to, and what ended it. */
function steps(of: Life, group = "default"): string[] {
  const shown = ({ kind, from, to, end }: Step): string => `${kind} ${from - START}-${to === null ? "" : to - START}${end === null ? "" : ` ${end}`}`;
  return of.groups.find((one) => one.group === group)?.steps.map(shown) ?? [];
}

describe("a message's life", () => {
  it("is waiting, leased, and done", () => {
    const done = life(told([0, "pushed"], [120, "leased", { worker: "w1", attempt: 1 }], [500, "acked", { worker: "w1" }]), stands("completed"));
    assert.deepEqual(steps(done), ["waiting 0-120 leased", "leased 120-500 acked"]);
    assert.deepEqual([done.from, done.to], [START, START + 500]);
  });

  it("has a step for each attempt, for the delay between them, and for the wait after it", () => {
    const failing = told([0, "pushed"], [100, "leased", { attempt: 1 }], [200, "nacked", { attempt: 1, data: { error: "no stock", retryAt: START + 1200 } }], [1500, "leased", { attempt: 2 }], [1600, "nacked", { attempt: 2, data: { error: "still none" } }], [1600, "dead", { attempt: 2, data: { error: "still none" } }]);
    const dead = life(failing, stands("dead"));
    assert.deepEqual(steps(dead), ["waiting 0-100 leased", "leased 100-200 nacked", "retrying 200-1200 due", "waiting 1200-1500 leased", "leased 1500-1600 nacked", "dead 1600-"]);
    assert.deepEqual(dead.groups[0]?.steps.map(({ error }) => error), [null, "no stock", null, null, "still none", "still none"]);
  });

  it("goes on until now while it waits, is leased, or is to be retried", () => {
    assert.deepEqual(steps(life(told([0, "pushed"]), stands("ready"))), ["waiting 0-"]);
    const leased = life(told([0, "pushed"], [50, "leased", { worker: "w1" }]), stands("leased", { until: START + 30_000, worker: "w1" }));
    assert.deepEqual([steps(leased), leased.to, leased.groups[0]?.steps[1]?.until], [["waiting 0-50 leased", "leased 50-"], null, START + 30_000]);
    const retried = told([0, "pushed"], [50, "leased"], [60, "nacked", { data: { retryAt: START + 1060 } }]);
    assert.deepEqual(steps(life(retried, stands("retrying", { until: START + 1060 }))), ["waiting 0-50 leased", "leased 50-60 nacked", "retrying 60-"]);
    assert.deepEqual(steps(life(retried, stands("ready"))), ["waiting 0-50 leased", "leased 50-60 nacked", "retrying 60-1060 due", "waiting 1060-"]);
    assert.deepEqual(steps(life(told([0, "pushed"]), stands("scheduled", { until: START + 9000 }))), ["scheduled 0-"]);
  });

  it("says what isn't recorded: with the failures alone, where a wait became work", () => {
    const failures = told([0, "pushed"], [200, "nacked", { worker: "w1", attempt: 1, data: { error: "no", retryAt: START + 1200 } }]);
    assert.deepEqual(steps(life(failures, stands("completed"))), ["unrecorded 0-200 nacked", "retrying 200-1200 due", "unrecorded 1200- acked"]);
    assert.deepEqual(steps(life(told([0, "pushed"]), stands("leased", { until: START + 9000 }))), ["unrecorded 0- leased"]);
    const twice = told([0, "pushed"], [200, "nacked", { data: { retryAt: START + 1200 } }], [1400, "nacked", {}], [1400, "dead", {}]);
    assert.deepEqual(steps(life(twice, stands("dead"))), ["unrecorded 0-200 nacked", "retrying 200-1200 due", "unrecorded 1200-1400 nacked", "dead 1400-"]);
  });

  it("is told for each group", () => {
    const events = told([0, "pushed"], [10, "leased", { group: "a" }], [20, "leased", { group: "b" }], [30, "acked", { group: "b" }], [90, "released", { group: "a" }]);
    const both = life(events, stands("ready", { group: "a" }), stands("completed", { group: "b" }), stands("completed", { group: "never-had-it" }));
    assert.deepEqual([steps(both, "a"), steps(both, "b")], [["waiting 0-10 leased", "leased 10-90 released", "waiting 90-"], ["waiting 0-20 leased", "leased 20-30 acked"]]);
    assert.deepEqual(both.groups.map(({ group }) => group), ["a", "b"]);
  });

  it("ends where it was redriven, with links both ways", () => {
    const link = { queue: "later", messageId: "m2-1" };
    const events = told([0, "pushed"], [10, "leased"], [20, "dead", { data: { error: "no" } }], [5000, "redriven", { data: { deadLetterId: "d1-1", to: link } }]);
    const redriven = life(events, stands("dead"));
    assert.deepEqual(steps(redriven), ["waiting 0-10 leased", "leased 10-20 dead", "dead 20-5000 redriven"]);
    assert.deepEqual(redriven.redrivenTo, [{ ...link, deadLetterId: "d1-1", at: START + 5000 }]);
    const from = { queue: "orders", deadLetterId: "d1-1", messageId: "m1-42" };
    assert.deepEqual(life(told([0, "pushed", { data: { redrivenFrom: from } }])).redrivenFrom, from);
  });

  it("ends for all groups where it is removed, dropped, or its time is over", () => {
    assert.deepEqual(steps(life(told([0, "pushed"], [10, "leased"], [20, "released"], [90, "removed", { group: null, data: { reason: "Removed by hand." } }]))), ["waiting 0-10 leased", "leased 10-20 released", "waiting 20-90 removed"]);
    assert.deepEqual(steps(life(told([0, "pushed"], [50, "expired", { data: {} }]), stands("ready"))), ["unrecorded 0-50 expired", "waiting 50-"]);
  });

  it("shows a message again that a seek brought back", () => {
    assert.deepEqual(steps(life(told([0, "pushed"], [10, "leased"], [20, "acked"], [500, "leased"], [600, "acked"]), stands("completed"))), ["waiting 0-10 leased", "leased 10-20 acked", "completed 20-500 leased", "leased 500-600 acked"]);
  });
});

describe("the story of several messages", () => {
  const named = (id: string, queue: string, at: number, more: Partial<Message>, ...events: readonly (readonly [number, string, Given?])[]): Life =>
    life(told([at, "pushed"], ...events).map((event) => ({ ...event, messageId: id, queue })), stands("completed", { id, queue, ...more }));
  const trace = (span: number): Partial<Message> => ({ headers: { traceparent: `00-${"a".repeat(32)}-${String(span).padStart(16, "0")}-01` } });

  it("stands below what each was redriven from, or pushed by", () => {
    const order = named("m1-1", "orders", 0, trace(1), [100, "leased", { worker: "w1" }], [900, "acked"]);
    const mail = named("m2-1", "mails", 500, trace(2), [600, "leased", { worker: "w2" }], [700, "dead"], [900, "redriven", { data: { deadLetterId: "d2-1", to: { queue: "mails", messageId: "m2-2" } } }]);
    const again = named("m2-2", "mails", 900, { redrivenFrom: { queue: "mails", deadLetterId: "d2-1", messageId: "m2-1" } }, [1000, "leased", { worker: "w2" }], [1050, "acked"]);
    const other = named("m3-1", "audit", 550, {}, [560, "leased"], [570, "acked"]);
    const { rows } = storyOf([again, other, mail, order], START + 2000);
    assert.deepEqual(rows.map(({ kind, depth, messageId, service, because }) => [kind, depth, messageId, service, because]), [
      ["message", 0, "m1-1", "orders", null],
      ["delivery", 1, "m1-1", "w1", null],
      ["message", 1, "m2-1", "mails", "traceparent"],
      ["delivery", 2, "m2-1", "w2", null],
      ["message", 2, "m2-2", "mails", "redriven"],
      ["delivery", 3, "m2-2", "w2", null],
      ["message", 0, "m3-1", "audit", null],
      ["delivery", 1, "m3-1", "default", null],
    ]);
  });

  it("names the step that took longest, and its part of the whole", () => {
    const order = named("m1-1", "orders", 0, {}, [100, "leased", { worker: "w1" }], [900, "acked"]);
    const { slowest, from, to } = storyOf([order], START + 2000);
    assert.deepEqual([slowest?.row, slowest?.step.kind, slowest?.duration, slowest?.share, from, to], ["m1-1 default", "leased", 800, 800 / 900, START, START + 900]);
    // A dead letter that nobody looked at for hours slows nothing down; one step alone isn't the slowest.
    assert.equal(storyOf([named("m1-2", "orders", 0, {}, [0, "dead"])], START + 3_600_000).slowest, null);
  });

  it("puts a handler's events with the delivery that recorded them, others with the message", () => {
    const order = named("m1-1", "orders", 0, {}, [100, "leased", { worker: "w1" }], [200, "charged", { worker: "w1" }], [900, "acked"], [950, "edited", { group: null }]);
    const { rows } = storyOf([order], START + 2000);
    assert.deepEqual(rows.map(({ kind, marks }) => [kind, marks.map(({ type }) => type)]), [["message", ["edited"]], ["delivery", ["charged"]]]);
  });
});

describe("a message's life as text", () => {
  it("draws each step to scale, and lists the events with the time since the first", () => {
    const events = told([0, "pushed"], [5_000, "leased", { attempt: 1, worker: "w1" }], [20_000, "nacked", { attempt: 1, worker: "w1", data: { error: "no stock\nat all", retryAt: START + 25_000 } }]);
    assert.deepEqual(livesText("m1-42", [life(events, stands("retrying", { until: START + 25_000 }))], START + 25_000), [
      "m1-42",
      "",
      "STEP             0                                 25.0 s  LASTED",
      "waiting          ░░░░░░░░                                  5.0 s",
      "attempt 1 by w1          ████████████████████████          15.0 s  nacked, slowest, 60%",
      "retry delay                                      ▒▒▒▒▒▒▒▒  5.0 s…",
      "",
      "TIME (UTC)                     AFTER  EVENT   DETAILS",
      "2030-01-31 12:00:00.000        +0 ms  pushed",
      "2030-01-31 12:00:05.000       +5.0 s  leased  attempt 1, worker w1",
      "2030-01-31 12:00:20.000      +20.0 s  nacked  attempt 1, worker w1, retryAt 2030-01-31T12:00:25.000Z",
      "    no stock",
      "    at all",
    ]);
  });

  it("names the messages where there are several", () => {
    const text = eventsText([...told([0, "pushed"]), ...told([10, "seen", { messageId: "m1-43", names: ["order-7"], data: { cents: 500, ok: true } }])]);
    assert.deepEqual(text.slice(1).map((line) => line.replaceAll(/ {2,}/g, " | ")), ["2030-01-31 12:00:00.000 | +0 ms | m1-42 | orders | pushed", "2030-01-31 12:00:00.010 | +10 ms | m1-43 | orders | seen | order-7, cents 500, ok true"]);
  });

  it("makes what others wrote safe where it is shown", () => {
    const clean = (text: string): string => text.replaceAll("\u001b", "?");
    const text = livesText("m1-42", [life(told([0, "pushed"], [1, "leased", { worker: "w\u001b" }], [2, "nacked", { data: { error: "a\u001b" } }], [3, "x\u001b", { names: ["\u001b"], data: { note: "\u001b" } }]))], START, clean).join("\n");
    assert.ok(!text.includes("\u001b"));
  });

  it("says durations in the two largest units", () => {
    assert.deepEqual([0, 999, 1000, 59_940, 185_000, 7_800_000, 3_600_000, 356_400_000].map(durationText), ["0 ms", "999 ms", "1.0 s", "59.9 s", "3 min 5 s", "2 h 10 min", "1 h", "4 d 3 h"]);
  });
});
