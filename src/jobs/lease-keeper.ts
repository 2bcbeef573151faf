/**
 * Keeps a worker's leases while a debugger has it stopped at a breakpoint. None of a stopped
 * thread's timers run, so this module also runs as a thread of its own, which renews by worker id,
 * and sends the heartbeats that the worker can't.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { Broker, WorkerState } from "../core/index.ts";
import { connect } from "../client/connect.ts";
import { isPassing } from "../client/waiting.ts";

interface KeeperData {
  readonly role: "queuescope-lease-keeper";
  readonly url: string;
  readonly cwd: string;
}

interface Report {
  readonly state: WorkerState;
  /** Milliseconds of the shortest lease the worker holds or will take. */
  readonly lease: number;
}

export class LeaseKeeper {
  readonly #thread: Worker;
  readonly #log: (problem: string) => void;

  constructor(url: string, cwd: string, log: (problem: string) => void) {
    const data: KeeperData = { role: "queuescope-lease-keeper", url, cwd };
    this.#log = log;
    // Without the flags of this process: --inspect-brk would stop the thread before its first line.
    this.#thread = new Worker(new URL(import.meta.url), { workerData: data, execArgv: [], name: "lease keeper" });
    this.#thread.unref();
    this.#thread.on("error", (error: Error) => { this.#log(`leases aren't renewed at breakpoints any more: ${error.message}`); });
  }

  /** Heard by the thread even when this one stops right after. */
  report(state: WorkerState, lease: number): void {
    const report: Report = { state, lease };
    this.#thread.postMessage(report);
  }

  async stop(): Promise<void> {
    const exit = once(this.#thread, "exit");
    this.#thread.postMessage(STOP);
    this.#thread.ref();
    await Promise.race([exit, sleep(1_000, null, { ref: false })]);
    await this.#thread.terminate();
  }
}

const STOP = "stop";

/** The longest pause between two renewals, in milliseconds. */
const MOST = 10_000;

async function keep({ url, cwd }: KeeperData): Promise<void> {
  let last: Report | null = null;
  let heardAt = Date.now();
  const stop = new AbortController();
  parentPort?.on("message", (report: Report | typeof STOP) => {
    if (report === STOP) {
      stop.abort();
      parentPort?.close();
      return;
    }
    last = report;
    heardAt = Date.now();
  });
  await using queues = await connect({ url, cwd });
  while (!stop.signal.aborted) {
    const report = last as Report | null;
    if (report !== null) await renew(queues.broker, report, Date.now() - heardAt);
    await pause(report === null ? 100 : Math.min(Math.max(report.lease / 3, 20), MOST), stop.signal);
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, null, { signal }).catch((error: unknown) => { if (!signal.aborted) throw error; });
}

async function renew(broker: Broker, { state, lease }: Report, silence: number): Promise<void> {
  try {
    if (state.current.length > 0) await broker.workers.renewLeases(state.id, lease);
    if (silence > 1.5 * state.interval) await broker.workers.heartbeat({ ...state, status: "debugging" });
  } catch (error) {
    if (!isPassing(error)) throw error;
  }
}

const data = workerData as KeeperData | null;
if (!isMainThread && data?.role === "queuescope-lease-keeper") await keep(data);
