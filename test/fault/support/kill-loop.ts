import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestContext } from "node:test";
import { type Broker, type Delivery, payloadValue, valuePayload } from "../../../src/core/index.ts";
import { bundled, Child } from "./child.ts";
import { clock, LedgerWriter, newLedger, readLedgers } from "./ledger.ts";
import { Random } from "./random.ts";
import { until } from "./until.ts";
import { History } from "./verify.ts";

const GROUPS = ["audit", "forward"] as const;
const SLOTS = ["producer", "producer", "audit", "audit", "forward", "forward"] as const;

/**
 * Processes that push to and take from the same queues, of which each may be killed at any moment. What they did they
 * have written down, so that it can be told afterwards whether the broker kept its promises.
 */
export class KillLoop {
  readonly #t: TestContext;
  readonly #random: Random;
  readonly #folder: string;
  readonly #ledgers: string;
  /** The file or URL that the processes open, each slot by its own way. */
  readonly #where: (slot: number) => string;
  readonly #stop = new AbortController();
  #kills = 0;
  /** When all processes have; rejects when one ends by itself. */
  #ended: Promise<unknown> = new Promise(() => undefined);

  private constructor(t: TestContext, random: Random, folder: string, where: (slot: number) => string) {
    this.#t = t;
    this.#random = random;
    this.#folder = folder;
    this.#ledgers = join(folder, "ledgers");
    this.#where = where;
  }

  /** Makes the queues too. */
  static async prepare(t: TestContext, random: Random, folder: string, broker: Broker, where: (slot: number) => string): Promise<KillLoop> {
    const loop = new KillLoop(t, random, folder, where);
    mkdirSync(loop.#ledgers);
    await bundled(folder, ["producer.ts", "consumer.ts"]);
    // Nothing dies or is cleaned away: all that was pushed can be accounted for.
    for (const name of ["orders", "next", "scratch"]) {
      await broker.queues.create(name, { retryLimit: 1_000_000, retryDelay: 1, backoff: "fixed", completedRetentionSeconds: 0 });
    }
    return loop;
  }

  /** Each slot's process is killed a random moment after it began to work, and another one takes its place. */
  async killAtRandom(kills: number): Promise<void> {
    await Promise.all(SLOTS.map((_, slot) => this.#lives(slot, kills, (own) => sleep(own.whole(20, 900)))));
  }

  /** Nobody is killed, but for the end: who stops by itself fails. Resolves when all work; the answer ends it. */
  async run(): Promise<() => Promise<void>> {
    const { signal } = this.#stop;
    const stopped = new Promise<void>((resolve) => { signal.addEventListener("abort", () => { resolve(); }); });
    const working: Promise<void>[] = [];
    const lives = SLOTS.map((_, slot) => new Promise<void>((resolve, reject) => {
      working.push(new Promise((works) => {
        this.#lives(slot, 1, () => { works(); return stopped; }).then(resolve, reject);
      }));
    }));
    this.#ended = Promise.all(lives);
    await Promise.race([Promise.all(working), this.#ended]);
    return async () => {
      this.#stop.abort();
      await Promise.all(lives);
    };
  }

  async #lives(slot: number, kills: number, endOf: (own: Random) => Promise<void>): Promise<void> {
    const own = new Random(this.#random.whole(0, 2 ** 31));
    const role = SLOTS[slot] ?? "producer";
    let before: string[] = [];
    for (let life = 0; life === 0 || this.#kills < kills; life++) {
      const name = `${role}-${slot}-${life}`;
      const ledger = newLedger(join(this.#ledgers, name));
      const seed = String(own.whole(0, 2 ** 31));
      const child = new Child(this.#t, join(this.#folder, role === "producer" ? "producer.mjs" : "consumer.mjs"), [this.#where(slot), ledger, seed, role === "producer" ? name : role, ...before]);
      await child.says();
      await Promise.race([endOf(own), child.exited]);
      assert.ok(child.running, `${name} ended by itself: ${child.errors}`);
      child.signal("SIGKILL");
      await child.exited;
      this.#kills++;
      if (role === "producer") before = [ledger];
    }
  }

  /** Until each kind of process has got something done from now on, and pushes have been confirmed. */
  async progress(): Promise<void> {
    const before = this.#done();
    const done = until("every kind of process to get something done", () => {
      const now = this.#done();
      return now.pushed > before.pushed && GROUPS.every((group) => now[group] > before[group]);
    }, 60_000);
    await Promise.race([done, this.#ended]);
  }

  #done(): Record<"pushed" | (typeof GROUPS)[number], number> {
    const counts = { pushed: 0, audit: 0, forward: 0 };
    for (const [name, entries] of readLedgers(this.#ledgers)) {
      const role = name.split("-")[0];
      for (const { kind } of entries) {
        if (kind === "pushed") counts.pushed++;
        else if (kind === "settled" && (role === "audit" || role === "forward")) counts[role]++;
      }
    }
    return counts;
  }

  /** Completes what is left, as one more consumer of each group; then holds everything that was written down against the promises. */
  async check(broker: Broker): Promise<History> {
    const ledger = new LedgerWriter(newLedger(join(this.#ledgers, "drain")));
    for (const group of GROUPS) await drain(broker, ledger, group);
    ledger.close();
    const history = new History(readLedgers(this.#ledgers));
    const order = await entryOrder(broker);
    this.#t.diagnostic(`${this.#kills} kills, ${history.pushed.length} confirmed pushes, ${history.leases.length} leases, ${history.settlements.length} settlements, ${history.refusals()} refused`);
    none("pushes were lost", history.lost(GROUPS));
    none("ids were used again, or pushes doubled", history.reusedIds());
    none("late or second settlements were applied", history.lateButApplied());
    none("completed messages came again", history.redeliveredAfterAck());
    none("leases overlap", history.doublyLeased());
    for (const group of GROUPS) none("messages came out of order", history.outOfOrder(group, order.partitions));
    none("transactions were torn", torn(order.all, await forwarded(broker)));
    return history;
  }
}

function none(what: string, violations: readonly string[]): void {
  assert.equal(violations.length, 0, `${what}: ${violations.length} times, such as\n${violations.slice(0, 5).join("\n")}`);
}

async function drain(broker: Broker, ledger: LedgerWriter, group: string): Promise<void> {
  for (let call = 0; (await groupLag(broker, group)) > 0; ) {
    const start = clock();
    const deliveries = await broker.messages.pop("orders", { group, batch: 500, wait: 100, lease: 30_000 });
    if (deliveries.length > 0) await complete(broker, ledger, group, `${group} ${call++}`, start, deliveries);
  }
}

async function complete(broker: Broker, ledger: LedgerWriter, group: string, call: string, start: number, deliveries: readonly Delivery[]): Promise<void> {
  const held = deliveries.map(({ id, partition, payload, receipt, leaseExpiresAt }) => ({ id, partition, tx: (payloadValue(payload) as { tx: string }).tx, receipt: receipt ?? "", leaseEnds: leaseExpiresAt ?? 0 }));
  ledger.write({ kind: "popped", group, start, end: clock(), wall: Date.now(), deliveries: held });
  ledger.write({ kind: "settle-intent", call, group, start: clock(), wall: Date.now(), items: held.map(({ id, receipt }) => ({ id, receipt, action: "ack" })) });
  const acks = held.map(({ receipt }) => ({ action: "ack", receipt }) as const);
  if (group === "forward") await broker.messages.transact({ settle: acks, push: [{ queue: "next", items: held.map(({ id }) => ({ payload: valuePayload({ of: id }) })) }] });
  else for (const result of await broker.messages.settle(acks)) assert.ok(result.ok);
  ledger.write({ kind: "settled", call, end: clock(), refused: held.map(() => null) });
}

async function groupLag(broker: Broker, name: string): Promise<number> {
  const group = (await broker.inspect.groups("orders")).find((each) => each.name === name);
  return group?.lag ?? 1;
}

async function* browse(broker: Broker, queue: string): AsyncGenerator<Awaited<ReturnType<Broker["inspect"]["browse"]>>["items"][number]> {
  let after: string | undefined;
  do {
    const page = await broker.inspect.browse(queue, { limit: 1_000, ...(after === undefined ? {} : { after }) });
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}

async function entryOrder(broker: Broker): Promise<{ readonly all: string[]; readonly partitions: Map<string, string[]> }> {
  const [all, partitions] = [[] as string[], new Map<string, string[]>()];
  for await (const { id, partition } of browse(broker, "orders")) {
    all.push(id);
    if (partition !== null) partitions.set(partition, [...(partitions.get(partition) ?? []), id]);
  }
  return { all, partitions };
}

async function forwarded(broker: Broker): Promise<string[]> {
  const found: string[] = [];
  for await (const { payload } of browse(broker, "next")) found.push((payloadValue(payload) as { of: string }).of);
  return found;
}

/** Each message was completed and passed on in one transaction, so each has exactly one that came of it. */
function torn(messages: readonly string[], passedOn: readonly string[]): string[] {
  const times = Map.groupBy(passedOn, (id) => id);
  const wrong = messages.filter((id) => times.get(id)?.length !== 1).map((id) => `${id} was passed on ${times.get(id)?.length ?? 0} times`);
  return passedOn.length === messages.length ? wrong : [...wrong, `${passedOn.length} came of ${messages.length}`];
}
