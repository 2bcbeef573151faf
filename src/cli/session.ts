import type { Connection } from "../client/connection.ts";
import { environmentLogger, stderrLogger } from "../client/log.ts";
import type { Logger } from "../client/log.ts";
import { QueuescopeError } from "../core/index.ts";
import type { Broker } from "../core/index.ts";
import type { Output } from "./output.ts";
import type { ConnectionAccess } from "./workspace.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly url?: string;
  readonly json?: true;
  readonly verbose?: true;
}

/** Thrown where work stops because of Ctrl-C; says what was done so far. */
export class Interrupted extends Error {}

/** One run of one command: where it prints, what it is connected to, and how it ends. */
export class Session implements AsyncDisposable {
  readonly out: Output;
  /** Aborts at Ctrl-C, at SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
  readonly url: string | undefined;
  exitCode = 0;
  readonly #verbose: boolean;
  readonly #others: Connection[] = [];
  #connection: Promise<Connection> | undefined;
  #logger: Logger | undefined;

  constructor(out: Output, signal: AbortSignal, { url, verbose }: GlobalOptions) {
    this.out = out;
    this.signal = signal;
    this.url = url;
    this.#verbose = verbose === true;
  }

  /** Of --verbose or QUEUESCOPE_LOG; without either it is silent. @throws invalid-input for a level that doesn't exist */
  get logger(): Logger {
    return (this.#logger ??= this.#verbose ? stderrLogger(process.env["QUEUESCOPE_LOG"] || "debug") : environmentLogger());
  }

  /** Whether --verbose or QUEUESCOPE_LOG asks for a log. */
  get logs(): boolean {
    return this.#verbose || Boolean(process.env["QUEUESCOPE_LOG"]);
  }

  /** The broker of --url, QUEUESCOPE_URL or the workspace, for a command that may make the first queue. */
  async broker(): Promise<Broker> {
    return (await this.connection()).broker;
  }

  /** The same with everything of the library; its background work logs to `logger`. */
  connection(logger = this.logger): Promise<Connection> {
    return (this.#connection ??= this.#connect(logger));
  }

  /** As `broker`, for a command that only makes sense where there are queues: it leaves no empty file behind. @throws queue-not-found */
  async existing(): Promise<Broker> {
    await this.#mustExist();
    return await this.broker();
  }

  /** The same to look at only: what would change something is refused. @throws queue-not-found */
  async readOnly(): Promise<Broker> {
    await this.#mustExist();
    return (await (this.#connection ??= this.#connect(this.logger, true))).broker;
  }

  async #mustExist(): Promise<void> {
    const path = await this.missing();
    if (path !== null) throw new QueuescopeError("queue-not-found", `There are no queues here yet: ${path} doesn't exist. Push a first message with: queuescope push QUEUE DATA`);
  }

  /** Another broker; relative paths start at `cwd`. `null` when it is to be read only and isn't there. */
  async brokerAt({ url, credentials, readOnly }: ConnectionAccess, cwd: string): Promise<Broker | null> {
    const [{ connect }, { loginWith }, { missingFile, placeOf }] = await Promise.all([import("../client/connect.ts"), import("../client/credentials.ts"), import("../client/place.ts")]);
    if (readOnly && missingFile({ url, cwd }) !== null) return null;
    const login = credentials === undefined || placeOf({ url, cwd }).kind === "file" ? {} : { nats: loginWith(url, credentials) };
    const connection = await connect({ url, cwd, readOnly, logger: this.logger, ...login });
    this.#others.push(connection);
    return connection.broker;
  }

  /** The file that would have to be created, or `null` if it is there. */
  async missing(): Promise<string | null> {
    const { missingFile } = await import("../client/place.ts");
    return missingFile({ url: this.url });
  }

  /** Reports an error; the command ends with exit code 1, after whatever else it still does. */
  fail(error: unknown): void {
    this.exitCode = 1;
    this.out.error(error);
    this.logger.debug("failed", { error: error instanceof Error ? error.stack : String(error) });
  }

  /** Ended by a signal before it was done; says what was done so far. */
  interrupt(exitCode: number, done: string): void {
    this.exitCode = exitCode;
    if (done !== "") this.out.note(done);
  }

  /** Between two steps of long work. */
  checkpoint(done: string): void {
    if (this.signal.aborted) throw new Interrupted(done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#connection?.catch(() => undefined))?.close();
    for (const connection of this.#others) await connection.close();
  }

  /** Loaded when it is needed: --help needs no database. */
  async #connect(logger: Logger, readOnly = false): Promise<Connection> {
    const { connect } = await import("../client/connect.ts");
    return await connect({ url: this.url, logger, readOnly });
  }
}

/** Makes the action of a command: `act(async (session, queue, options) => ...)`. */
export type Act = <Args extends unknown[]>(body: (session: Session, ...args: Args) => Promise<void>) => (...args: Args) => Promise<void>;

/** The fields that are given: what an option left out must not stand in a request. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
