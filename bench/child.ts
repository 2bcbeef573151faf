/** One process of a row that needs several: `child.ts ROLE PATH`. It says `ready`, works when told to, and answers once. */
import { openLocal } from "../src/brokers/local/index.ts";
import type { Broker } from "../src/core/index.ts";
import { ackWithNextPop, batches, pushing, QUEUE } from "./ours.ts";

export interface Hammered {
  readonly operations: number;
  /** Milliseconds of the slowest call. */
  readonly longest: number;
}

export interface Idled {
  /** Percent of one CPU. */
  readonly cpu: number;
}

export interface Woken {
  /** Milliseconds from each push (in the other process) to its delivery here. */
  readonly latencies: readonly number[];
}

/** The clock that all processes of a machine share. */
export function clock(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Push one, ack the last one and take the next, as fast as it goes. */
async function hammer(broker: Broker, ms: number): Promise<Hammered> {
  const push = pushing(broker, batches(1, "none"));
  const take = ackWithNextPop(broker, "none", { batch: 1 });
  let operations = 0;
  let longest = 0;
  const end = performance.now() + ms;
  for (;;) {
    const start = performance.now();
    if (start >= end) return { operations, longest };
    await push.run();
    const between = performance.now();
    await take.run();
    longest = Math.max(longest, between - start, performance.now() - between);
    operations++;
  }
}

async function idle(broker: Broker, ms: number): Promise<Idled> {
  const stop = new AbortController();
  const waiting = broker.messages.pop(QUEUE, { wait: ms * 10, signal: stop.signal });
  const before = process.cpuUsage();
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const used = process.cpuUsage(before);
  const elapsed = performance.now() - start;
  stop.abort();
  await waiting;
  return { cpu: ((used.user + used.system) / 1_000 / elapsed) * 100 };
}

async function wake(broker: Broker, count: number): Promise<Woken> {
  const latencies: number[] = [];
  while (latencies.length < count) {
    for (const delivery of await broker.messages.pop(QUEUE, { wait: 10_000, atMostOnce: true })) {
      latencies.push(clock() - Number(new TextDecoder().decode(delivery.payload.bytes)));
    }
    process.send?.({ taken: latencies.length });
  }
  return { latencies };
}

const ROLES = { hammer, idle, wake } as const;
export type Role = keyof typeof ROLES;

async function main(role: Role, path: string): Promise<void> {
  const broker = await openLocal(path);
  const started = new Promise<number>((resolve) => process.once("message", (message) => { resolve((message as { start: number }).start); }));
  process.send?.({ ready: true });
  const result = await ROLES[role](broker, await started);
  await broker.close();
  process.send?.({ result }, () => { process.disconnect(); });
}

if (process.send !== undefined && import.meta.filename === process.argv[1]) {
  const [, , role, path] = process.argv;
  if (role === undefined || path === undefined || !(role in ROLES)) throw new Error("Usage: child.ts ROLE PATH");
  await main(role as Role, path);
}
