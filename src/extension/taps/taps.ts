import * as vscode from "vscode";
import type { Tap, TapMessage } from "../../client/index.ts";
import type { TapStats } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import { errorText } from "../errors.ts";

/** The latest of a tap, which are kept to be looked at; older ones go. */
export const ARRIVALS_KEPT = 1000;
const BYTES_KEPT = 16 * 1024 * 1024;

/** Something that was heard. `number` counts from the tap's start. */
export interface Arrival {
  readonly number: number;
  readonly message: TapMessage;
}

/** One tap of this window. */
export class RunningTap {
  readonly id: string;
  readonly connection: Connection;
  readonly #tap: Tap;
  #ended: string | undefined;

  constructor(id: string, connection: Connection, tap: Tap) {
    this.id = id;
    this.connection = connection;
    this.#tap = tap;
  }

  get subjects(): readonly string[] {
    return this.#tap.subjects;
  }

  get group(): string | null {
    return this.#tap.group;
  }

  get stats(): TapStats {
    return this.#tap.stats;
  }

  /** Why nothing arrives any more; `undefined` while it runs, empty when it was stopped. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** The latest, newest first. Nothing takes them, so that the last of them is the one that was received last. */
  arrivals(limit = ARRIVALS_KEPT): Arrival[] {
    const { received } = this.#tap.stats;
    return this.#tap.peek(limit).toReversed().map((message, i) => ({ number: received - i, message }));
  }

  arrival(number: number): Arrival | undefined {
    return this.arrivals().find((arrival) => arrival.number === number);
  }

  clear(): void {
    this.#tap.clear();
  }

  async stop(): Promise<void> {
    await this.#tap.stop();
  }

  /** Calls back when something arrived, and when it has ended. */
  follow(onChange: () => void): void {
    this.#tap.watch(onChange);
    void this.#tap.ended.then((error) => {
      this.#ended = error === null ? "" : errorText(error);
      onChange();
    });
  }
}

/** The taps of this window. They hear as long as it is open, and what they heard is nowhere else. */
export class RunningTaps implements vscode.Disposable {
  readonly #changes = new vscode.EventEmitter<void>();
  readonly #taps = new Map<string, RunningTap>();
  #last = 0;

  readonly onDidChange = this.#changes.event;

  get all(): readonly RunningTap[] {
    return [...this.#taps.values()];
  }

  find(id: string): RunningTap | undefined {
    return this.#taps.get(id);
  }

  /** @throws unsupported where there are no subjects, invalid-input, permission-denied */
  async start(connection: Connection, subjects: readonly string[], group: string | undefined): Promise<RunningTap> {
    await connection.open();
    const client = connection.opened?.client;
    if (client === undefined) throw new Error(vscode.l10n.t("{0} isn't connected.", connection.label));
    const tap = await client.tap(subjects, { buffer: ARRIVALS_KEPT, bufferBytes: BYTES_KEPT, group });
    const running = new RunningTap(String((this.#last += 1)), connection, tap);
    this.#taps.set(running.id, running);
    running.follow(() => { this.#changes.fire(); });
    this.#changes.fire();
    return running;
  }

  /** Stops it, and forgets what it heard. */
  async remove(tap: RunningTap): Promise<void> {
    await tap.stop();
    this.#taps.delete(tap.id);
    this.#changes.fire();
  }

  dispose(): void {
    this.#changes.dispose();
    for (const tap of this.#taps.values()) tap.stop().catch(() => undefined);
  }
}
