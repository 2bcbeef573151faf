import type { SQLInputValue, StatementResultingChanges, StatementSync, DatabaseSync } from "node:sqlite";
import type { Instant } from "../../core/index.ts";
import { changesLanes } from "./known.ts";
import { Live, STORE_GROUP, STORE_QUEUE } from "./live.ts";
import type { Kept } from "./live.ts";

export type Value = SQLInputValue;

/** Changes rows that `Live` holds, past it. */
const PAST_LIVE = /^\s*(?:UPDATE|DELETE FROM|INSERT(?: OR \w+)? INTO)\s+(?:queue|grp)\b/i;

export function changesPastLive(sql: string): boolean {
  return sql !== STORE_QUEUE && sql !== STORE_GROUP && PAST_LIVE.test(sql);
}

/** A statement that changes rows, and what it does to what is remembered of them. */
interface Change {
  readonly statement: StatementSync;
  readonly pastLive: boolean;
  readonly lanes: boolean;
}

/**
 * Statements by their text, prepared once a connection. Write `LIMIT ? + 0`: SQLite plans with the value of a
 * bare `LIMIT ?`, and so prepares the statement anew each time one is bound, which costs more than running it.
 */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  readonly #withArrays = new Map<string, StatementSync>();
  readonly #changes = new Map<string, Change>();

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

  change(sql: string): Change {
    const known = this.#changes.get(sql);
    if (known !== undefined) return known;
    const made = { statement: this.of(sql), pastLive: changesPastLive(sql), lanes: changesLanes(sql) };
    this.#changes.set(sql, made);
    return made;
  }

  /** Its rows come as lists of values, which are made and read faster than objects. */
  withArrays(sql: string): StatementSync {
    const known = this.#withArrays.get(sql);
    if (known !== undefined) return known;
    const made = this.#db.prepare(sql);
    made.setReturnArrays(true);
    this.#withArrays.set(sql, made);
    return made;
  }
}

/** What a synchronous function in a transaction can do. Read-only inside `store.read`. */
export class ReadTx {
  /** One time for the whole transaction. */
  readonly now: Instant;
  protected readonly statements: Statements;

  constructor(statements: Statements, now: Instant) {
    this.statements = statements;
    this.now = now;
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names the columns at the call
  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.statements.of(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.statements.of(sql).all(...values) as Row[];
  }

  /** Like `all`, for the rows of a batch: each one's values in the order of the columns. */
  lists<Columns extends readonly unknown[]>(sql: string, ...values: Value[]): Columns[] {
    return this.statements.withArrays(sql).all(...values) as unknown as Columns[];
  }
}

export class WriteTx extends ReadTx {
  /** Queues and groups, whose counters are stored once at the end. */
  readonly live: Live;
  #pastLive = false;
  #changed = false;

  constructor(statements: Statements, now: Instant, kept: Kept) {
    super(statements, now);
    this.live = new Live(this, kept);
  }

  /** Answers how many rows changed. */
  run(sql: string, ...values: Value[]): number {
    return Number(this.#change(sql, values).changes);
  }

  /** Answers the new row's integer key. */
  insert(sql: string, ...values: Value[]): number {
    return Number(this.#change(sql, values).lastInsertRowid);
  }

  #change(sql: string, values: Value[]): StatementResultingChanges {
    const { statement, pastLive, lanes } = this.statements.change(sql);
    const done = statement.run(...values);
    if (pastLive) this.#pastLive = true;
    if (done.changes === 0) return done;
    this.#changed = true;
    if (lanes) this.live.known.clear();
    return done;
  }

  /** Whether there is anything to tell others about. (A RETURNING, which `get` runs, never stands alone.) */
  get changed(): boolean {
    return this.#changed;
  }

  /** Stores what is counted in memory. Answers what the next transaction may take over. */
  finish(): Kept | null {
    this.live.store();
    return this.#pastLive ? null : this.live.keep();
  }
}
