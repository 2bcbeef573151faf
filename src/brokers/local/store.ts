import type { DatabaseSync } from "node:sqlite";
import { QueuescopeError } from "../../core/index.ts";
import { checkIdentity, openFile } from "./open.ts";
import type { FileIdentity, OpenOptions } from "./open.ts";
import { Kept } from "./live.ts";
import { Signal } from "./signal.ts";
import { busy, isBusy, translated } from "./sqlite-errors.ts";
import { ReadTx, Statements, WriteTx } from "./tx.ts";

/** How long a call waits for other processes' transactions. */
const BUSY_LIMIT = 10_000;
/** How old the knowledge may be that the path still names the open file: looking for each transaction costs more than its BEGIN. */
const IDENTITY_GOOD_FOR = 5;
/** Longest run of synchronous work before other callbacks of this process get a turn. */
const TURN = 8;

interface StoreOptions extends OpenOptions {
  readonly now: () => number;
}

/** One connection to one file: short synchronous transactions, retried without blocking the event loop while others write. */
export class Store {
  readonly path: string;
  readonly readOnly: boolean;
  /** SQLite's version. */
  readonly sqlite: string;
  /** Tells other processes, and hears from them, that something changed. */
  readonly signal: Signal;
  /** Who keeps the write-ahead log small. */
  checkpointer: { committed(): number } | null = null;
  readonly #db: DatabaseSync;
  readonly #now: () => number;
  readonly #identity: FileIdentity;
  readonly #statements: Statements;
  #kept: Kept | null = null;
  /** `data_version` changes when another connection has committed. */
  #keptVersion = -1;
  #turnStarted = performance.now();
  #identityGoodUntil = 0;
  #closed = false;

  private constructor(path: string, options: StoreOptions, file: { db: DatabaseSync; sqlite: string; identity: FileIdentity }) {
    this.path = path;
    this.readOnly = options.readOnly;
    this.sqlite = file.sqlite;
    this.#db = file.db;
    this.#now = options.now;
    this.#identity = file.identity;
    this.#statements = new Statements(file.db);
    this.signal = new Signal(`${path}.sig`, options.readOnly, () => this.#versionSeen());
  }

  static async open(path: string, options: StoreOptions): Promise<Store> {
    const started = performance.now();
    for (let attempt = 0; ; attempt++) {
      try {
        return new Store(path, options, await openFile(path, options));
      } catch (error) {
        if (!isBusy(error)) throw error;
        await pause(attempt, started, path, error);
      }
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Runs `work` on one snapshot. It must not keep rows' iterators beyond its return. */
  async read<T>(work: (tx: ReadTx) => T): Promise<T> {
    return this.#run("BEGIN", () => new ReadTx(this.#statements, this.#now()), work);
  }

  /** Runs `work` in a transaction that is stored whole or not at all. `work` may run again, so it must have no effect outside. @param committed for effects in this process */
  async write<T>(work: (tx: WriteTx) => T, committed?: () => void): Promise<T> {
    if (this.readOnly) throw readOnlyError(this.path);
    const { answer, tx } = await this.#run(
      "BEGIN IMMEDIATE", () => new WriteTx(this.#statements, this.#now(), this.#takeKept()), (tx) => ({ answer: work(tx), kept: tx.finish(), tx }),
      // In the same turn as the commit: another call of this connection may write before this one's await is over.
      ({ kept }) => {
        this.#kept = kept;
        committed?.();
      },
    );
    // A pop that finds nothing must not wake those who wait, itself included.
    if (!tx.changed) return answer;
    this.signal.send();
    const rest = this.checkpointer?.committed() ?? 0;
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    return answer;
  }

  /** Whatever fails in the transaction, its rows aren't good for another one. */
  #takeKept(): Kept {
    const version = this.#dataVersion();
    const kept = version === this.#keptVersion ? this.#kept : null;
    this.#kept = null;
    this.#keptVersion = version;
    return kept ?? new Kept();
  }

  async #run<Tx, T>(begin: string, transaction: () => Tx, work: (tx: Tx) => T, committed?: (result: T) => void): Promise<T> {
    if (performance.now() - this.#turnStarted > TURN) {
      await turn();
      this.#turnStarted = performance.now();
    }
    const started = performance.now();
    for (let attempt = 0; ; attempt++) {
      this.#checkUsable();
      try {
        const result = this.#attempt(begin, transaction, work);
        committed?.(result);
        return result;
      } catch (error) {
        if (!isBusy(error)) throw translated(error, this.path);
        await pause(attempt, started, this.path, error);
        this.#turnStarted = performance.now();
      }
    }
  }

  #attempt<Tx, T>(begin: string, transaction: () => Tx, work: (tx: Tx) => T): T {
    // By `get`, which makes no object of counts.
    this.#statements.of(begin).get();
    try {
      const result = work(transaction());
      this.#statements.of("COMMIT").get();
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some failures; the first error is the one to tell.
      if (this.#db.isTransaction) this.#statements.of("ROLLBACK").run();
      throw error;
    }
  }

  /** A statement that can't run in a transaction, such as a checkpoint. Throws SQLite's own errors. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names the columns at the call
  pragma<Row>(sql: string): Row | undefined {
    return this.#closed ? undefined : (this.#statements.of(sql).get() as Row | undefined);
  }

  #dataVersion(): number {
    if (this.#closed) return 0;
    const row = this.#statements.withArrays("PRAGMA data_version").get() as readonly [version: number] | undefined;
    return row?.[0] ?? 0;
  }

  /** For those who only want to know whether something changed: one who can't read the file, or no longer has it, is told that by the next look. */
  #versionSeen(): number {
    try {
      this.#checkUsable();
      return this.#dataVersion();
    } catch {
      return -1;
    }
  }

  #checkUsable(): void {
    if (this.#closed) throw new QueuescopeError("unavailable", `The connection to ${this.path} is closed. Connect again.`, { ended: true });
    const now = performance.now();
    if (now < this.#identityGoodUntil) return;
    checkIdentity(this.path, this.#identity);
    this.#identityGoodUntil = now + IDENTITY_GOOD_FOR;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.signal.close();
    this.#db.close();
  }
}

export function readOnlyError(path: string): QueuescopeError {
  return new QueuescopeError("read-only", `The connection to ${path} is read-only, so nothing can be changed through it. Connect without readOnly.`);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Timers are too coarse for others' transactions, which take a tenth of a millisecond: a nap of this thread isn't, and is too short to be felt. */
const napping = new Int32Array(new SharedArrayBuffer(4));
/** Who has waited so long doesn't let the others go first any more. */
const PATIENCE = 40;

/**
 * Two quick tries, as most transactions take less than a millisecond. Who still finds others at work leaves them alone for a
 * while: writers that take turns with each commit read all pages anew and are half as fast together. Jittered, so that
 * nobody is always last.
 */
async function pause(attempt: number, started: number, path: string, cause: unknown): Promise<void> {
  const waited = performance.now() - started;
  if (waited > BUSY_LIMIT) throw busy(path, cause);
  if (attempt > 1 && waited < PATIENCE) {
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 5));
    return;
  }
  if (attempt > 0) Atomics.wait(napping, 0, 0, 0.1 + Math.random() * 1.2);
  return turn();
}
