import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { openLocal } from "../../src/brokers/local/index.ts";
import { MESSAGE_STATES, textPayload } from "../../src/core/index.ts";
import type { Broker, Delivery, Message, MessageState, Page } from "../../src/core/index.ts";

/**
 * Counters, lists and single messages are read in different ways; whatever was done before, they
 * must say the same.
 */
type Command =
  | { readonly do: "push"; readonly partition: string | null; readonly count: number; readonly later: boolean; readonly ttl: boolean }
  | { readonly do: "pop"; readonly group: string; readonly batch: number; readonly first: boolean }
  | { readonly do: "settle"; readonly pick: number; readonly action: "ack" | "nack" | "release" | "dead" }
  | { readonly do: "advance" }
  | { readonly do: "seek"; readonly group: string; readonly to: "all" | "new" }
  | { readonly do: "redrive"; readonly allGroups: boolean; readonly again: boolean }
  | { readonly do: "remove"; readonly pick: number }
  | { readonly do: "purge"; readonly group: string; readonly state: Exclude<MessageState, "dead"> }
  | { readonly do: "edit"; readonly pick: number }
  | { readonly do: "discard" };

const GROUPS = ["default", "g"] as const;
const LEASE = 50 * 60_000;
const group = fc.constantFrom(...GROUPS);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("push" as const), partition: fc.constantFrom("a", "b", null), count: fc.integer({ min: 1, max: 3 }), later: fc.boolean(), ttl: fc.integer({ min: 0, max: 5 }).map((n) => n === 0) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("pop" as const), group, batch: fc.integer({ min: 1, max: 4 }), first: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("settle" as const), pick: fc.nat(7), action: fc.constantFrom("ack" as const, "nack" as const, "release" as const, "dead" as const) }) },
  { weight: 3, arbitrary: fc.constant({ do: "advance" as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("seek" as const), group, to: fc.constantFrom("all" as const, "new" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("redrive" as const), allGroups: fc.boolean(), again: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), pick: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("purge" as const), group, state: fc.constantFrom(...MESSAGE_STATES.filter((state) => state !== "dead")) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("edit" as const), pick: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ do: "discard" as const }) },
);

describe("inspection of a local queue", () => {
  let folder = "";
  let broker: Broker;
  let moved = 0;
  let queues = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "queuescope-agree-"));
    broker = await openLocal(join(folder, "queues.db"), { now: () => Date.now() + moved });
  });
  after(async () => {
    await broker.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("agrees with itself after any sequence of changes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), fc.boolean(), async (given, plain) => {
        const commands = plain ? given.map(withoutTimes) : given;
        const queue = `q${queues++}`;
        await broker.queues.create(queue, { retryLimit: 1, retryDelay: 1_800_000, backoff: { kind: "fixed", jitter: 0, max: 1_800_000 }, leaseTime: LEASE / 1000 });
        const open: Delivery[] = [];
        for (const one of commands) {
          await run(queue, open, one);
          await check(queue, plain);
        }
        await broker.queues.delete(queue);
      }),
      { numRuns: Number(process.env["QUEUESCOPE_MODEL_RUNS"] ?? 60) },
    );
  });

  async function run(queue: string, open: Delivery[], one: Command): Promise<void> {
    switch (one.do) {
      case "push":
        await broker.messages.push(queue, Array.from({ length: one.count }, () => ({
          payload: textPayload("message"),
          ...(one.partition === null ? {} : { partition: one.partition }),
          ...(one.later ? { deliverAt: now() + 1_500_000 } : {}),
          ...(one.ttl ? { ttl: 2_000_000 } : {}),
        })));
        return;
      case "pop": {
        const next = one.first ? (await broker.inspect.peek(queue, { group: one.group, limit: 1 }))[0] : undefined;
        const got = await broker.messages.pop(queue, { group: one.group, batch: one.batch, worker: "w" });
        if (next !== undefined) assert.equal(got[0]?.id, next.id, "what peek shows first is popped first");
        open.push(...got);
        return;
      }
      case "settle": {
        const [delivery] = open.splice(one.pick % Math.max(1, open.length), 1);
        if (delivery?.receipt != null) await broker.messages.settle([{ action: one.action, receipt: delivery.receipt }]);
        return;
      }
      case "advance":
        moved += 1_200_000;
        return;
      case "seek":
        return broker.repair.seek(queue, one.group, one.to);
      case "redrive":
        await broker.repair.redrive(queue, { filter: {}, allGroups: one.allGroups, again: one.again, limit: 3 });
        return;
      case "remove": {
        const id = await picked(queue, one.pick);
        if (id !== undefined) assert.deepEqual(await broker.repair.remove([id]), [{ id, removed: true }]);
        return;
      }
      case "purge":
        await broker.repair.purge(queue, { group: one.group, state: one.state });
        return;
      case "edit": {
        const id = await picked(queue, one.pick);
        if (id !== undefined) await broker.repair.edit(id, { payload: textPayload("edited longer") }).catch((error: unknown) => { assert.match(String(error), /leased/); });
        return;
      }
      case "discard":
        await broker.repair.discard(queue, { limit: 1 });
    }
  }

  /** @param plain nothing is scheduled or expires, so that each message is in its partition or gone */
  async function check(queue: string, plain: boolean): Promise<void> {
    const stats = await broker.inspect.stats(queue);
    const infos = new Map(stats.groups.map((info) => [info.name, info]));
    for (const name of GROUPS) {
      const shown = await all((request) => broker.inspect.browse(queue, { ...request, group: name, limit: 7 }));
      const counted = infos.get(name)?.counts ?? (name === "default" ? stats.counts : undefined);
      if (counted !== undefined) assert.deepEqual({ ...counted, dead: 0 }, { ...tally(shown), dead: 0 }, `counts of ${name}`);
      for (const state of MESSAGE_STATES) {
        const filtered = await all((request) => broker.inspect.browse(queue, { ...request, group: name, state }));
        assert.deepEqual(ids(filtered), ids(shown.filter((message) => message.state === state)), `${state} in ${name}`);
      }
      const leased = await all((request) => broker.inspect.leases(queue, { ...request, group: name, limit: 2 }));
      assert.deepEqual(ids(leased).sort(), ids(shown.filter(({ state }) => state === "leased")).sort(), `leases of ${name}`);
      const partitions = await all((request) => broker.inspect.partitions(queue, { ...request, group: name, limit: 1 }));
      for (const partition of plain ? partitions : []) {
        const within = shown.filter((message) => message.partition === partition.name);
        assert.equal(partition.messages, within.length, `messages of ${partition.name}`);
        assert.equal(partition.lag, within.filter(({ state }) => ["ready", "leased", "retrying"].includes(state)).length, `lag of ${partition.name} in ${name}`);
        assert.equal(partition.leased, within.some(({ state }) => state === "leased"), `${partition.name} is leased in ${name}`);
      }
      if (plain) assert.deepEqual(partitions.map((partition) => partition.name).sort(), [...new Set(shown.flatMap((message) => message.partition ?? []))].sort());
      const ready = shown.filter(({ state }) => state === "ready");
      const peeked = await broker.inspect.peek(queue, { group: name, limit: 1000 });
      for (const message of peeked) assert.ok(ready.some(({ id }) => id === message.id), `${message.id} is shown next, so it is ready`);
      const info = infos.get(name);
      if (info !== undefined) assert.equal(info.oldestReadyAge === null, peeked.length === 0, `oldest ready of ${name}`);
    }
    const letters = await all((request) => broker.inspect.deadLetters(queue, { ...request, limit: 2 }));
    for (const info of stats.groups) assert.equal(info.counts.dead, letters.filter((letter) => letter.group === info.name).length, `dead letters of ${info.name}`);
    assert.equal(await broker.inspect.countDeadLetters(queue), letters.length);
    const stored = await all((request) => broker.inspect.browse(queue, request));
    if (plain) assert.equal(stats.bytes, stored.reduce((sum, { payload }) => sum + payload.bytes.length, 0), "bytes");
  }

  async function picked(queue: string, pick: number): Promise<string | undefined> {
    const { items } = await broker.inspect.browse(queue, { limit: 1000 });
    return items[pick % Math.max(1, items.length)]?.id;
  }

  function now(): number {
    return Date.now() + moved;
  }
});

function withoutTimes(one: Command): Command {
  return one.do === "push" ? { ...one, later: false, ttl: false } : one;
}

async function all<T>(page: (request: { after?: string }) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  for (let request: { after?: string } | null = {}; request !== null; ) {
    const { items: found, next }: Page<T> = await page(request);
    items.push(...found);
    request = next === null ? null : { after: next };
  }
  return items;
}

function ids(messages: readonly Message[]): string[] {
  return messages.map(({ id }) => id);
}

function tally(messages: readonly Message[]): Record<MessageState, number> {
  const counts: Record<MessageState, number> = { ready: 0, scheduled: 0, leased: 0, retrying: 0, completed: 0, dead: 0 };
  for (const { state } of messages) counts[state] += 1;
  return counts;
}
