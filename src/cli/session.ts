import type { Broker } from "../core/index.ts";
import type { Output } from "./output.ts";

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
  readonly #connect: (url: string | undefined) => Promise<Broker>;
  #broker: Promise<Broker> | undefined;

  constructor(out: Output, signal: AbortSignal, url: string | undefined, connect: (url: string | undefined) => Promise<Broker>) {
    this.out = out;
    this.signal = signal;
    this.url = url;
    this.#connect = connect;
  }

  /** The broker of --url, QUEUESCOPE_URL or the workspace; opened once, closed at the end. */
  broker(): Promise<Broker> {
    return (this.#broker ??= this.#connect(this.url));
  }

  /** Reports an error; the command ends with exit code 1, after whatever else it still does. */
  fail(error: unknown): void {
    this.exitCode = 1;
    this.out.error(error);
  }

  /** Between two steps of long work. */
  checkpoint(done: string): void {
    if (this.signal.aborted) throw new Interrupted(done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const broker = await this.#broker?.catch(() => undefined);
    await broker?.close();
  }
}

/** Makes the action of a command: `act(async (session, queue, options) => ...)`. */
export type Act = <Args extends unknown[]>(body: (session: Session, ...args: Args) => Promise<void>) => (...args: Args) => Promise<void>;

/** The fields that are given: what an option left out must not stand in a request. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
