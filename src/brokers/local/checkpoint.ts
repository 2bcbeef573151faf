import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Store } from "./store.ts";

/** Left alone, the write-ahead log of busy writers grows to hundreds of megabytes: nobody finds the moment to start it over. */
const CHECKPOINT_AT = 8 * 1024 * 1024;
const SLOW_DOWN_AT = 16 * 1024 * 1024;
/** Commits between two looks at its size. */
const LOOK_EVERY = 16;
/** After a checkpoint that readers or writers stood in the way of. */
const TRY_AGAIN = 100;

/** Moves the write-ahead log into the file, in this thread or one of its own. */
export class Checkpointer {
  readonly #store: Store;
  readonly #thread: CheckpointThread | null;
  #commits = 0;
  #size = 0;
  #failedAt = -TRY_AGAIN;

  constructor(store: Store, where: "inline" | "thread") {
    this.#store = store;
    this.#thread = where === "thread" ? new CheckpointThread(store.path) : null;
  }

  /** After a commit. Answers how long the writer should pause, so that checkpoints get their turn. */
  committed(): number {
    this.#commits += 1;
    if (this.#commits % LOOK_EVERY === 0) this.look();
    return this.#size > SLOW_DOWN_AT ? 4 + Math.random() * 4 : 0;
  }

  look(): void {
    this.#size = this.#logSize();
    if (this.#size < CHECKPOINT_AT || performance.now() - this.#failedAt < TRY_AGAIN) return;
    if (this.#thread !== null) {
      this.#failedAt = performance.now(); // Until it has shown otherwise.
      this.#thread.run();
      return;
    }
    checkpoint((sql) => this.#store.pragma(sql));
    this.#size = this.#logSize();
    if (this.#size >= CHECKPOINT_AT) this.#failedAt = performance.now();
  }

  #logSize(): number {
    return statSync(`${this.#store.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  async stop(): Promise<void> {
    await this.#thread?.stop();
  }
}

/** First what can be done beside others, so that the exclusive part is short. */
function checkpoint(run: (sql: string) => unknown): void {
  try {
    run("PRAGMA wal_checkpoint(PASSIVE)");
    run("PRAGMA busy_timeout = 50");
    run("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    return; // Somebody else is at it, or reads: the next one tries again.
  } finally {
    run("PRAGMA busy_timeout = 0");
  }
}

/** For a process whose event loop must not wait for the disk. Its source is text, so that it survives being bundled. */
class CheckpointThread {
  readonly #path: string;
  #worker: Worker | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  run(): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage("checkpoint");
  }

  #start(): Worker {
    const worker = new Worker(THREAD, { eval: true, workerData: this.#path });
    worker.unref();
    worker.on("error", () => { this.#worker = null; });
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
  if (message === "checkpoint") return checkpoint((sql) => db.prepare(sql).get());
  db.close();
  parentPort.close();
});
`;
