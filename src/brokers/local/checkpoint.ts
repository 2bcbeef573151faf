import { Worker } from "node:worker_threads";
import type { Store } from "./store.ts";

/** Left alone, the write-ahead log of busy writers grows to hundreds of megabytes: nobody finds the moment to start it over. */
const CHECKPOINT_AT = 8 * 1024 * 1024;
const SLOW_DOWN_AT = 16 * 1024 * 1024;
/** What it must have grown by, or the time that must have passed, since a checkpoint that didn't make it start over. */
const STEP = 2 * 1024 * 1024;
const PATIENCE = 1_000;
/** Commits between two looks at its size. */
const LOOK_EVERY = 16;

interface Progress {
  /** Frames in the log: pages, each with a small head. */
  readonly log: number;
}

/** Moves the write-ahead log into the file, in this thread or one of its own. */
export class Checkpointer {
  readonly #store: Store;
  readonly #thread: CheckpointThread | null;
  readonly #frame: number;
  #commits = 0;
  #size = 0;
  #tried = { size: 0, at: 0 };

  constructor(store: Store, where: "inline" | "thread", onError: (error: unknown) => void) {
    this.#store = store;
    this.#thread = where === "thread" ? new CheckpointThread(store.path, onError) : null;
    this.#frame = store.pragma<{ page_size: number }>("PRAGMA page_size")?.page_size ?? 0;
  }

  /** After a commit. Answers how long the writer should pause, so that checkpoints get their turn. */
  committed(): number {
    this.#commits += 1;
    if (this.#commits % LOOK_EVERY === 0) this.look();
    return this.#size > SLOW_DOWN_AT ? 4 + Math.random() * 4 : 0;
  }

  look(): void {
    this.#size = this.#logSize();
    if (this.#size < CHECKPOINT_AT) {
      this.#tried.size = 0;
      return;
    }
    const now = performance.now();
    if (this.#size < this.#tried.size + STEP && now < this.#tried.at + PATIENCE) return;
    this.#tried = { size: this.#size, at: now };
    const insist = this.#size > SLOW_DOWN_AT;
    if (this.#thread === null) checkpoint((sql) => this.#store.pragma(sql), insist);
    else this.#thread.run(insist);
  }

  /** Of what is in use: once a checkpoint is through, the log starts over in the same file, which is faster than cutting it off. (A SQLite before 3.51 takes NOOP for PASSIVE: slower, not wrong.) */
  #logSize(): number {
    try {
      return this.#frame * (this.#store.pragma<Progress>("PRAGMA wal_checkpoint(NOOP)")?.log ?? 0);
    } catch {
      return this.#size; // Locked for a moment.
    }
  }

  async stop(): Promise<void> {
    await this.#thread?.stop();
  }
}

/** Beside others first. Only when that doesn't help are they kept out for a moment. */
function checkpoint(run: (sql: string) => unknown, insist: boolean): void {
  try {
    run("PRAGMA wal_checkpoint(PASSIVE)");
    if (!insist) return;
    run("PRAGMA busy_timeout = 50");
    run("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    return; // Somebody else is at it, or reads: the next one tries again.
  } finally {
    if (insist) run("PRAGMA busy_timeout = 0");
  }
}

/** For a process whose event loop must not wait for the disk. Its source is text, so that it survives being bundled. */
class CheckpointThread {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  #worker: Worker | null = null;

  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
  }

  run(insist: boolean): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(insist ? "insist" : "checkpoint");
  }

  #start(): Worker {
    const worker = new Worker(THREAD, { eval: true, workerData: this.#path });
    worker.unref();
    worker.on("error", (error) => {
      this.#worker = null; // The next checkpoint starts another one.
      this.#onError(error);
    });
    return worker;
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage("stop");
    await ended;
  }
}

const THREAD = `
const { parentPort, workerData } = require("node:worker_threads");
const { DatabaseSync } = require("node:sqlite");
const db = new DatabaseSync(workerData);
db.exec("PRAGMA wal_autocheckpoint = 0");
const checkpoint = ${checkpoint.toString()};
parentPort.on("message", (message) => {
  if (message !== "stop") return checkpoint((sql) => db.prepare(sql).get(), message === "insist");
  db.close();
  parentPort.close();
});
`;
