import type { SQLInputValue, StatementSync, DatabaseSync } from "node:sqlite";
import type { Instant } from "../../core/index.ts";
import { Live } from "./live.ts";

export type Value = SQLInputValue;

/**
 * Statements by their text, prepared once a connection. Write `LIMIT ? + 0`: SQLite plans with the value of a
 * bare `LIMIT ?`, and so prepares the statement anew each time one is bound, which costs more than running it.
 */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  of(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const made = this.#db.prepare(sql);
    this.#prepared.set(sql, made);
    return made;
  }
}

/** What a synchronous function in a transaction can do. Read-only inside `store.read`. */
export class ReadTx {
  /** One time for the whole transaction. */
  readonly now: Instant;
  readonly #statements: Statements;

  constructor(statements: Statements, now: Instant) {
    this.#statements = statements;
    this.now = now;
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names the columns at the call
  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.#statements.of(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#statements.of(sql).all(...values) as Row[];
  }

  /** Rows changed. */
  protected change(sql: string, values: Value[]): { changes: number; id: number } {
    const done = this.#statements.of(sql).run(...values);
    return { changes: Number(done.changes), id: Number(done.lastInsertRowid) };
  }
}

export class WriteTx extends ReadTx {
  /** Queues and groups, whose counters are stored once at the end. */
  readonly live = new Live(this);

  /** Answers how many rows changed. */
  run(sql: string, ...values: Value[]): number {
    return this.change(sql, values).changes;
  }

  /** Answers the new row's integer key. */
  insert(sql: string, ...values: Value[]): number {
    return this.change(sql, values).id;
  }

  finish(): void {
    this.live.store();
  }
}
