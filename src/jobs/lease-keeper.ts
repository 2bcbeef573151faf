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
import { isPassing, pause } from "../client/waiting.ts";

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
  /** Resolves when the thread does its work, has failed, which is logged, or is held up by a debugger. */
  readonly ready: Promise<void>;
  readonly #thread: Worker;
  readonly #log: (problem: string) => void;
  #pulse: NodeJS.Timeout | undefined;

  constructor(url: string, cwd: string, log: (problem: string) => void) {
    const data: KeeperData = { role: "queuescope-lease-keeper", url, cwd };
    this.#log = log;
    // Without the flags of this process: --inspect-brk would stop the thread before its first line.
    this.#thread = new Worker(new URL(import.meta.url), { workerData: data, execArgv: [], name: "lease keeper" });
    this.#thread.unref();
    const started = Promise.race([once(this.#thread, "message"), once(this.#thread, "exit"), sleep(READY_WITHIN, null, { ref: false })]);
    this.ready = started.then(() => undefined, () => undefined);
    this.#thread.on("error", (error: Error) => { this.#log(`leases aren't renewed at breakpoints any more: ${error.message}`); });
  }

  /** Heard by the thread even when this one stops right after. */
  report(state: WorkerState, lease: number): void {
    const report: Report = { state, lease };
    clearInterval(this.#pulse);
    this.#pulse = setInterval(() => { this.#thread.postMessage(report); }, REPORT_EVERY).unref();
    this.#thread.postMessage(report);
  }

  async stop(): Promise<void> {
    clearInterval(this.#pulse);
    const exit = once(this.#thread, "exit");
    this.#thread.postMessage(STOP);
    this.#thread.ref();
    await Promise.race([exit, sleep(1_000, null, { ref: false })]);
    await this.#thread.terminate();
  }
}

const STOP = "stop";

/** Milliseconds that a worker waits for the thread. */
const READY_WITHIN = 5_000;
/** Milliseconds between the reports of a thread that runs. */
const REPORT_EVERY = 500;
/** A thread that says nothing for this long stands at a breakpoint. */
const STANDS_AFTER = 2_000;

async function keep({ url, cwd }: KeeperData): Promise<void> {
  let last: Report | null = null;
  let [heardAt, renewedAt, beatAt] = [Date.now(), 0, 0];
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
  parentPort?.postMessage("ready");
  while (!stop.signal.aborted) {
    const report = last as Report | null;
    if (report !== null) {
      const now = Date.now();
      const third = Math.max(report.lease / 3, 20);
      if (now - renewedAt >= third && report.state.current.length > 0 && (await renew(queues.broker, report))) renewedAt = now;
      const stands = now - heardAt >= STANDS_AFTER;
      if (stands && now - beatAt >= report.state.interval && (await beat(queues.broker, report.state))) beatAt = now;
    }
    await pause(Math.min(REPORT_EVERY, (report?.lease ?? REPORT_EVERY) / 6), stop.signal);
  }
}

function renew(broker: Broker, { state, lease }: Report): Promise<boolean> {
  return tried(() => broker.workers.renewLeases(state.id, lease));
}

function beat(broker: Broker, state: WorkerState): Promise<boolean> {
  return tried(() => broker.workers.heartbeat({ ...state, status: "debugging" }));
}

/** A broker that doesn't answer for the moment is asked again in the next round. */
async function tried(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (!isPassing(error)) throw error;
    return false;
  }
}

const data = workerData as KeeperData | null;
if (!isMainThread && data?.role === "queuescope-lease-keeper") await keep(data);
