import * as vscode from "vscode";
import type { Connection as Client, Recording, RecordingStats, Tap, TapMessage } from "../../client/index.ts";
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

/** A tap of this window whose arrivals go straight into a queue. */
export class RunningRecording {
  readonly id: string;
  readonly connection: Connection;
  readonly #recording: Recording;
  #ended: string | undefined;

  constructor(id: string, connection: Connection, recording: Recording) {
    this.id = id;
    this.connection = connection;
    this.#recording = recording;
  }

  get subjects(): readonly string[] {
    return this.#recording.subjects;
  }

  get group(): string | null {
    return this.#recording.group;
  }

  get queue(): string {
    return this.#recording.queue;
  }

  get stats(): RecordingStats {
    return this.#recording.stats;
  }

  /** As that of a tap. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** @throws when what was heard couldn't be pushed any more */
  async stop(): Promise<void> {
    if (this.#ended === undefined) await this.#recording.stop();
  }

  /** Calls back when something was heard or pushed, and when it has ended. */
  follow(onChange: () => void): void {
    this.#recording.watch(onChange);
    const end = (error: string): void => {
      this.#ended = error;
      onChange();
    };
    this.#recording.ended.then(() => { end(""); }, (error: unknown) => { end(errorText(error)); });
  }
}

export type Running = RunningTap | RunningRecording;

/** Where a recording goes, and how. */
export interface RecordingTarget {
  readonly connection: Connection;
  readonly queue: string;
  readonly bySubject: boolean;
}

/** The taps of this window. They hear as long as it is open, and what they heard is nowhere else but where they push it. */
export class RunningTaps implements vscode.Disposable {
  readonly #changes = new vscode.EventEmitter<void>();
  readonly #taps = new Map<string, Running>();
  #last = 0;

  readonly onDidChange = this.#changes.event;

  get all(): readonly Running[] {
    return [...this.#taps.values()];
  }

  find(id: string): RunningTap | undefined {
    const found = this.#taps.get(id);
    return found instanceof RunningTap ? found : undefined;
  }

  /** @throws unsupported where there are no subjects, invalid-input, permission-denied */
  async start(connection: Connection, subjects: readonly string[], group: string | undefined): Promise<RunningTap> {
    const client = await clientOf(connection);
    const tap = await client.tap(subjects, { buffer: ARRIVALS_KEPT, bufferBytes: BYTES_KEPT, group });
    const running = new RunningTap(this.#nextId(), connection, tap);
    this.#add(running);
    return running;
  }

  /** @throws as `start`, and read-only */
  async record(connection: Connection, subjects: readonly string[], group: string | undefined, target: RecordingTarget): Promise<void> {
    const client = await clientOf(connection);
    const { queue, bySubject } = target;
    // Its own handle: a refresh opens the connection to a file anew, and what goes into it goes on.
    const store = target.connection === connection ? undefined : await target.connection.another();
    try {
      const recording = await client.tapInto(subjects, queue, { group, bySubject, ...(store === undefined ? {} : { store }) });
      if (store !== undefined) void recording.ended.then(store.close, store.close);
      this.#add(new RunningRecording(this.#nextId(), connection, recording));
    } catch (error) {
      await store?.close();
      throw error;
    }
  }

  /** Stops it, and forgets what it heard. */
  async remove(tap: Running): Promise<void> {
    await tap.stop();
    this.#taps.delete(tap.id);
    this.#changes.fire();
  }

  #nextId(): string {
    this.#last += 1;
    return String(this.#last);
  }

  #add(running: Running): void {
    this.#taps.set(running.id, running);
    running.follow(() => { this.#changes.fire(); });
    this.#changes.fire();
  }

  dispose(): void {
    this.#changes.dispose();
    for (const tap of this.#taps.values()) tap.stop().catch(() => undefined);
  }
}

async function clientOf(connection: Connection): Promise<Client> {
  await connection.open();
  const client = connection.opened?.client;
  if (client === undefined) throw new Error(vscode.l10n.t("{0} isn't connected. Connect it in the Queues view first.", connection.label));
  return client;
}
