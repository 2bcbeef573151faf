import type { SQLInputValue, StatementSync, DatabaseSync } from "node:sqlite";
import type { Instant } from "../../core/index.ts";

export type Value = SQLInputValue;

/** Statements by their text, prepared once a connection. */
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
  #beforeCommit: ((tx: WriteTx) => void)[] | null = null;

  /** Answers how many rows changed. */
  run(sql: string, ...values: Value[]): number {
    return this.change(sql, values).changes;
  }

  /** Answers the new row's integer key. */
  insert(sql: string, ...values: Value[]): number {
    return this.change(sql, values).id;
  }

  /** Work that is better done once, at the end of the transaction. */
  beforeCommit(work: (tx: WriteTx) => void): void {
    (this.#beforeCommit ??= []).push(work);
  }

  finish(): void {
    for (const work of this.#beforeCommit ?? []) work(this);
  }
}
