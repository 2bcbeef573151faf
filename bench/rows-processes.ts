import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "../src/core/index.ts";
import { openLocal } from "../src/brokers/local/index.ts";
import { clock, type Hammered, type Idled, type Role, type Woken } from "./child.ts";
import { type Bench, high, low, median, percentile, type Scenario } from "./harness.ts";
import { batches, QUEUE } from "./ours.ts";

/** A child that has opened the file and waits for its start. */
async function ready(bench: Bench, role: Role, path: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "child.ts"), [role, path], { execArgv: [] });
  bench.after(() => { child.kill("SIGKILL"); });
  await answer(child, "ready");
  return child;
}

async function answer(child: ChildProcess, key: "ready" | "result"): Promise<unknown> {
  const gone = once(child, "exit").then(([code, signal]) => {
    throw new Error(`A benchmark process ended early (${String(code ?? signal)}).`);
  });
  const message = new Promise<unknown>((resolve) => {
    const listen = (data: unknown): void => {
      if (typeof data !== "object" || data === null || !(key in data)) return;
      child.off("message", listen);
      resolve((data as Record<string, unknown>)[key]);
    };
    child.on("message", listen);
  });
  return Promise.race([message, gone]);
}

async function work<T>(children: readonly ChildProcess[], start: number): Promise<T[]> {
  const results = children.map((child) => answer(child, "result") as Promise<T>);
  for (const child of children) child.send({ start });
  const answers = await Promise.all(results);
  return answers;
}

/** A file with a queue in it and enough messages that no consumer comes away empty. */
async function newFile(bench: Bench): Promise<{ readonly path: string; readonly broker: Broker }> {
  const path = bench.file("queues.db");
  const broker = await openLocal(path);
  bench.after(() => broker.close());
  await broker.queues.create(QUEUE);
  await broker.messages.push(QUEUE, batches(1_000, "none")());
  return { path, broker };
}

async function hammerTogether(bench: Bench, count: number, ms: number): Promise<{ readonly total: number; readonly longest: number }> {
  const { path, broker } = await newFile(bench);
  await broker.close();
  const children: ChildProcess[] = [];
  for (let n = 0; n < count; n++) children.push(await ready(bench, "hammer", path));
  const results = await work<Hammered>(children, ms);
  const operations = results.reduce((sum, result) => sum + result.operations, 0);
  return { total: (operations / ms) * 1_000, longest: high(results.map((result) => result.longest)) };
}

const together: Scenario = {
  rows: [
    { name: "processes-4", what: "4 processes that push and take against 1, all together", unit: "x", floor: { atLeast: 0.4 }, wanted: 0.6 },
    { name: "processes-4-longest", what: "longest call while 4 processes push and take", unit: "ms", floor: { atMost: 150 } },
  ],
  async measure(bench) {
    const ms = bench.settings.roundMs * 5;
    const rounds = Math.ceil(bench.settings.rounds / 2);
    const ratios: number[] = [];
    const longest: number[] = [];
    const [totals, alone]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const four = await hammerTogether(bench, 4, ms);
      const one = await hammerTogether(bench, 1, ms);
      ratios.push(four.total / one.total);
      totals.push(four.total);
      alone.push(one.total);
      longest.push(four.longest);
    }
    return [
      { value: median(ratios), ours: median(totals), base: median(alone), note: `${low(ratios).toFixed(2)} to ${high(ratios).toFixed(2)}` },
      { value: median(longest), note: `of ${rounds} runs of ${ms / 1_000} s: ${low(longest).toFixed(0)} to ${high(longest).toFixed(0)} ms` },
    ];
  },
};

const waking: Scenario = {
  rows: [
    { name: "wake-p50", what: "push in one process to delivery in another that waits, p50", unit: "ms", floor: { atMost: 2 } },
    { name: "wake-p99", what: "the same, p99", unit: "ms", floor: { atMost: 20 } },
  ],
  async measure(bench) {
    const count = Math.round(40 * bench.settings.rounds);
    const { path, broker } = await newFile(bench);
    await broker.repair.seek(QUEUE, "default", "new");
    const child = await ready(bench, "wake", path);
    const result = answer(child, "result") as Promise<Woken>;
    child.send({ start: count });
    await sleep(200);
    for (let n = 0; n < count; n++) {
      const taken = once(child, "message");
      await broker.messages.push(QUEUE, [{ payload: { encoding: "text", bytes: new TextEncoder().encode(String(clock())) } }]);
      await taken;
      await sleep(5 + (n % 7) * 3); // the waiter is asleep again
    }
    const { latencies } = await result;
    const note = `${latencies.length} pushes, longest ${high(latencies).toFixed(1)} ms`;
    return [{ value: percentile(latencies, 50), note }, { value: percentile(latencies, 99), note }];
  },
};

const idling: Scenario = {
  rows: [{ name: "idle-cpu", what: "CPU of a process that waits for a message", unit: "%", floor: { atMost: 0.5 } }],
  async measure(bench) {
    const { path, broker } = await newFile(bench);
    await broker.repair.seek(QUEUE, "default", "new");
    const ms = Math.max(2_000, bench.settings.roundMs * 25);
    const children = [await ready(bench, "idle", path), await ready(bench, "idle", path)];
    await sleep(1_000); // starting up isn't waiting
    const shares = (await work<Idled>(children, ms)).map(({ cpu }) => cpu);
    return [{ value: high(shares), note: `the higher of 2 waiters over ${ms / 1_000} s` }];
  },
};

/** What the editor's process feels: it looks and pushes now and then while others work at full speed. */
async function stall(bench: Bench, path: string, hosts: boolean): Promise<number> {
  const ms = bench.settings.roundMs * 10;
  const children: ChildProcess[] = [];
  for (let n = 0; n < 3; n++) children.push(await ready(bench, "hammer", path));
  const host = await openLocal(path);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const ended = new AbortController();
  const working = work<Hammered>(children, ms).finally(() => { ended.abort(); });
  delay.enable();
  while (hosts && !ended.signal.aborted) {
    await host.messages.push(QUEUE, batches(1, "none")());
    await host.inspect.stats(QUEUE);
    await sleep(20);
  }
  await working;
  delay.disable();
  await host.close();
  return delay.percentile(99) / 1e6;
}

const stalling: Scenario = {
  rows: [{ name: "host-stall", what: "event loop of a process that pushes and looks while 3 others push and take, p99", unit: "ms", floor: { atMost: 20 } }],
  async measure(bench) {
    const { path, broker } = await newFile(bench);
    await broker.close();
    const without = await stall(bench, path, false);
    const value = await stall(bench, path, true);
    return [{ value, note: `${without.toFixed(1)} ms when it does nothing beside them` }];
  },
};

export const processScenarios: readonly Scenario[] = [together, waking, idling, stalling];
