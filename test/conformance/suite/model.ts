import assert from "node:assert/strict";
import fc from "fast-check";
import type { SettleOutcome, SettleResult } from "../../../src/core/index.ts";
import { type BrokerFactory, type Rig, conformance, eventually, item, refusal } from "./harness.ts";
import { type ModelSettlement, Oracle } from "./oracle.ts";

/**
 * Steps of 20 minutes, and everything that ends lies between two of them (10 minutes off), so that
 * the time which the test itself takes changes nothing.
 */
const STEP = 20 * 60_000;
const LEASE = 50 * 60_000;
const DELAY = 30 * 60_000;
const GROUPS = ["default", "g"] as const;

/** A receipt, counted from the last one, and what is done with it. */
interface Pick {
  readonly pick: number;
  readonly action: "ack" | "cumulative" | "nack" | "delayed" | "release" | "dead";
}

type Command =
  | { readonly do: "push"; readonly partition: string | null; readonly priority: number; readonly count: number; readonly later: boolean }
  | { readonly do: "pop"; readonly group: string; readonly batch: number; readonly partition: string | null; readonly onlyNew: boolean; readonly atMostOnce: boolean }
  | { readonly do: "settle"; readonly picks: readonly Pick[] }
  | { readonly do: "next"; readonly picks: readonly Pick[]; readonly group: string; readonly batch: number }
  | { readonly do: "renew"; readonly pick: number }
  | { readonly do: "advance"; readonly steps: number }
  | { readonly do: "seek"; readonly group: string; readonly to: "all" | "new" }
  | { readonly do: "remove"; readonly pick: number }
  | { readonly do: "redrive"; readonly allGroups: boolean }
  | { readonly do: "look"; readonly group: string };

const group = fc.constantFrom(...GROUPS);
const partition = fc.constantFrom("a", "b", null);
const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);
const picks: fc.Arbitrary<Pick[]> = fc.uniqueArray(
  fc.record({ pick: fc.nat(7), action: fc.constantFrom("ack" as const, "ack" as const, "cumulative" as const, "nack" as const, "delayed" as const, "release" as const, "dead" as const) }),
  { minLength: 1, maxLength: 4, selector: (one) => one.pick },
);
/** As a worker does it: what it was given last is acked. */
const latest = fc.integer({ min: 1, max: 3 }).map((n): Pick[] => Array.from({ length: n }, (_, pick) => ({ pick, action: "ack" })));
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("push" as const), partition, priority: fc.integer({ min: 0, max: 2 }), count: fc.integer({ min: 1, max: 4 }), later: rarely }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("pop" as const), group, batch: fc.integer({ min: 1, max: 5 }), partition: fc.constantFrom("a", null, null, null), onlyNew: rarely, atMostOnce: rarely }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("settle" as const), picks }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("next" as const), picks: fc.oneof({ weight: 3, arbitrary: latest }, { weight: 1, arbitrary: picks }), group, batch: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("renew" as const), pick: fc.nat(7) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("advance" as const), steps: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("seek" as const), group, to: fc.constantFrom("all" as const, "new" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), pick: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("redrive" as const), allGroups: rarely }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("look" as const), group }) },
);

export function model(factory: BrokerFactory): void {
  conformance(factory, "A model of the contract", (rig) => {
    rig.it("any sequence of calls, from any handle, gives what the contract says", async () => {
      await rig.advance(STEP);
      const handles = [rig.broker, await rig.another(), await rig.another()];
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(command, fc.nat(2)), { minLength: 5, maxLength: 60 }), fc.integer({ min: 0, max: 2 }), fc.boolean(), async (commands, retryLimit, priorities) => {
          const q = await rig.queue({ retryLimit, leaseTime: LEASE / 1000, retryDelay: 0 });
          const oracle = new Oracle(retryLimit);
          for (const [one, handle] of commands) {
            rig.on(handles[handle] ?? rig.broker);
            await run(rig, q, oracle, one.do === "push" && !priorities ? { ...one, priority: 0 } : one);
          }
          await finish(rig, q, oracle);
          await rig.broker.queues.delete(q);
        }),
        { numRuns: Number(process.env["QUEUESCOPE_MODEL_RUNS"] ?? 80) },
      );
    });
  });
}

async function run(rig: Rig, q: string, oracle: Oracle, command: Command): Promise<void> {
  switch (command.do) {
    case "push": {
      const place = command.partition === null ? { priority: command.priority } : { partition: command.partition };
      const delay = command.later ? DELAY : 0;
      const when = command.later ? { deliverAt: rig.now() + delay } : {};
      oracle.push(await rig.push(q, Array.from({ length: command.count }, () => item("m", { ...place, ...when }))), command.priority, delay);
      return;
    }
    case "pop":
      return popped(rig, q, oracle, command);
    case "settle":
      return settled(rig, oracle, command.picks);
    case "next":
      return settledAndPopped(rig, q, oracle, command);
    case "renew": {
      const receipt = oracle.receipts().at(-1 - command.pick);
      if (receipt === undefined) return;
      const expected = oracle.renewed(receipt, LEASE);
      const [result] = await rig.broker.messages.renew([receipt], LEASE);
      assert.equal(result?.ok, expected, "renewed");
      return;
    }
    case "advance":
      await rig.advance(command.steps * STEP);
      oracle.advance(command.steps * STEP);
      return;
    case "seek":
      await rig.broker.repair.seek(q, command.group, command.to);
      oracle.seek(command.group, command.to);
      return;
    case "remove": {
      const id = oracle.ids().at(command.pick) ?? "m999-1";
      const expected = oracle.removed(id);
      assert.deepEqual(await rig.broker.repair.remove([id]), [{ id, removed: expected }]);
      return;
    }
    case "redrive":
      return redriven(rig, q, oracle, command.allGroups);
    case "look":
      return looked(rig, q, oracle, command.group);
  }
}

async function popped(rig: Rig, q: string, oracle: Oracle, command: Extract<Command, { do: "pop" }>): Promise<void> {
  const request = {
    batch: command.batch,
    lease: LEASE,
    ...(command.partition === null ? {} : { partition: command.partition }),
    // Whether a message that was delivered before a seek is new again is left open.
    ...(command.onlyNew && !oracle.sought(command.group) ? { onlyNew: true } : {}),
    ...(command.atMostOnce ? { atMostOnce: true } : {}),
  };
  oracle.popped(command.group, request, await rig.pop(q, { group: command.group, ...request }));
}

async function settledAndPopped(rig: Rig, q: string, oracle: Oracle, command: Extract<Command, { do: "next" }>): Promise<void> {
  const settlements = picked(oracle, command.picks);
  const expected = oracle.settled(settlements);
  const request = { group: command.group, batch: command.batch, lease: LEASE };
  const { settled: results, deliveries } = await rig.broker.messages.settleAndPop(settlements, q, request);
  checkOutcomes(results, expected, settlements);
  oracle.popped(command.group, request, deliveries);
}

async function settled(rig: Rig, oracle: Oracle, picks: readonly Pick[]): Promise<void> {
  const settlements = picked(oracle, picks);
  const expected = oracle.settled(settlements);
  checkOutcomes(await rig.settle(...settlements), expected, settlements);
}

function picked(oracle: Oracle, picks: readonly Pick[]): ModelSettlement[] {
  const receipts = oracle.receipts();
  return picks.flatMap(({ pick, action }): ModelSettlement[] => {
    const receipt = receipts.at(-1 - pick);
    if (receipt === undefined) return [];
    if (action === "nack" || action === "delayed") return [{ action: "nack", receipt, delay: action === "nack" ? 0 : DELAY }];
    return [action === "cumulative" ? { action: "ack", receipt, cumulative: true } : { action, receipt }];
  });
}

function checkOutcomes(results: readonly SettleResult[], expected: readonly (SettleOutcome | null)[], settlements: readonly ModelSettlement[]): void {
  assert.deepEqual(results.map((r) => (r.ok ? r.outcome : refusal(r))), expected.map((outcome) => outcome ?? "lease-lost"), `settled ${JSON.stringify(settlements.map((s) => s.action))}`);
}

async function redriven(rig: Rig, q: string, oracle: Oracle, allGroups: boolean): Promise<void> {
  const letters = new Map((await rig.broker.inspect.deadLetters(q, { limit: 1000 })).items.map((letter) => [letter.id, letter]));
  for (const { deadLetterId, messageId } of (await rig.broker.repair.redrive(q, { filter: {}, allGroups })).redriven) {
    const letter = letters.get(deadLetterId);
    assert.ok(letter, "only what was there is redriven");
    assert.equal(letter.redriven.length, 0, "and once");
    oracle.redriven(letter, messageId, allGroups);
  }
}

/** States and counts, wherever no expiry is waiting to be noticed. */
async function looked(rig: Rig, q: string, oracle: Oracle, group: string): Promise<void> {
  const expected = oracle.states(group);
  const shown = (await rig.broker.inspect.browse(q, { group, limit: 1000 })).items;
  assert.deepEqual(shown.map((m) => m.id), oracle.ids());
  // What a seek makes of dead ones is left open.
  if (oracle.sought(group)) return;
  for (const { id, state } of shown) assert.ok(expected.get(id)?.includes(state), `${id} is ${state} for ${group}, not ${expected.get(id)?.join(" or ") ?? "there"}`);
  const known = (await rig.broker.inspect.groups(q)).find((g) => g.name === group);
  if (known === undefined || [...expected.values()].some((states) => states.length > 1)) return;
  for (const state of ["ready", "scheduled", "leased", "retrying", "completed"] as const) {
    assert.equal(known.counts[state], shown.filter((m) => m.state === state).length, `${state} of ${group}`);
  }
}

/** Everything is delivered and acked; then nothing is missing, and what died is known. */
async function finish(rig: Rig, q: string, oracle: Oracle): Promise<void> {
  await rig.advance(4 * STEP);
  oracle.advance(4 * STEP);
  for (const name of GROUPS) {
    for (let turn = 0; oracle.left(name).length > 0; turn += 1) {
      assert.ok(turn < 1000, `${name} gets all: ${oracle.left(name).join()}`);
      const deliveries = await rig.pop(q, { group: name, batch: 5, lease: LEASE });
      oracle.popped(name, { batch: 5, lease: LEASE }, deliveries);
      const acks = deliveries.flatMap((d) => (d.receipt === null ? [] : [{ action: "ack", receipt: d.receipt } as const]));
      assert.ok(oracle.settled(acks).every((outcome) => outcome === "completed"));
      assert.deepEqual((await rig.settle(...acks)).map(refusal), acks.map(() => "applied"));
    }
    assert.deepEqual(await rig.pop(q, { group: name, batch: 5 }), [], `${name} has had all`);
  }
  await eventually(async () => {
    const dead = new Set((await rig.broker.inspect.deadLetters(q, { limit: 1000 })).items.map((l) => `${l.group}/${l.messageId}`));
    for (const one of oracle.dead) assert.ok(dead.has(one) || oracle.maybeDead.has(one), `${one} is a dead letter`);
    for (const one of dead) assert.ok(oracle.dead.has(one), `${one} isn't one`);
  });
  for (const name of GROUPS) {
    const messages = (await rig.broker.inspect.browse(q, { group: name, limit: 1000 })).items;
    assert.deepEqual(messages.map((m) => m.id), oracle.ids());
    for (const m of messages) assert.ok(["completed", "dead"].includes(m.state), `${m.id} is ${m.state} for ${name}`);
  }
  const { counts } = await rig.broker.queues.get(q);
  assert.deepEqual([counts.ready, counts.leased, counts.retrying, counts.scheduled], [0, 0, 0, 0]);
}
