import type { Broker, DeadLetter, Delivery, Message } from "../core/index.ts";
import type { ConnectionStatus, HostEvent, Surroundings, ToPage } from "../protocol/index.ts";

/** The way to one page: a webview's messages, or a browser's socket. */
export interface Channel {
  send(message: ToPage): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** What a page's surroundings give it. The editor and the dashboard each make one. */
export interface Host {
  readonly surface: Surroundings["surface"];
  readonly connection: HostConnection;
  readonly popped: PoppedLeases;
  /** `null` where there is none: the page shows documents and differences itself. */
  readonly editor: Editor | null;
  readonly files: Files;
  /** Where templates of messages are kept, `.queuescope/templates` of the workspace; `null` where there is no workspace. */
  readonly templates: string | null;
  /** Translations of the page's texts. */
  readonly texts: Readonly<Record<string, string>>;
  /** Called with what went wrong in a way that nobody expected; the page is told as well. */
  onError(what: string, error: unknown): void;
}

export interface HostConnection {
  /** Names it when a page is restored. */
  readonly id: string;
  readonly label: string;
  /** Opens it where it isn't. @throws QueuescopeError when it can't be */
  open(): Promise<Broker>;
  status(): ConnectionStatus;
  onStatus(listener: (status: ConnectionStatus) => void): Disposable;
}

/** Messages popped by a person, whose leases live; the sidebar shows the same ones. */
export interface PoppedLeases {
  list(queue: string): readonly PoppedLease[];
  add(deliveries: readonly Delivery[]): Promise<void>;
  renewed(receipt: string, leaseExpiresAt: number): Promise<void>;
  remove(receipt: string): Promise<void>;
}

export interface PoppedLease {
  readonly queue: string;
  readonly group: string;
  readonly messageId: string;
  readonly receipt: string;
  readonly leaseExpiresAt: number;
}

/** Documents as tabs of the editor. */
export interface Editor {
  openMessage(id: string, group: string): Promise<void>;
  openDeadLetter(id: string): Promise<void>;
  openTrace(id: string): Promise<void>;
  /** Saving the document writes it back. */
  editMessage(id: string): Promise<void>;
  /** A document to edit a dead letter in, and to redrive it from. */
  editDeadLetter(queue: string, id: string): Promise<void>;
  /** Starts the queue's handler under the debugger, with exactly this message. */
  debugMessage(message: Message): Promise<void>;
  debugDeadLetter(deadLetter: DeadLetter): Promise<void>;
  compare(left: ComparedDocument, right: ComparedDocument, title: string): Promise<void>;
}

export type ComparedDocument = { readonly kind: "message"; readonly id: string; readonly group: string } | { readonly kind: "deadLetter"; readonly id: string };

/** Files of the person in front of the page: of the editor's machine, or of the browser's. */
export interface Files {
  /** Asks where to write to; `undefined`: cancelled. */
  save(suggestedName: string): Promise<Sink | undefined>;
  /** Asks what to read; `undefined`: cancelled. */
  open(): Promise<Source | undefined>;
}

export interface Sink {
  readonly name: string;
  write(data: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
  /** Leaves nothing half written behind. */
  abandon(): Promise<void>;
}

export interface Source {
  readonly name: string;
  /** Bytes; `null` where that isn't known. */
  readonly size: number | null;
  chunks(): AsyncIterable<Uint8Array>;
}

/** What a handler of a call works with, beside the call's parameters. */
export interface Call<G> {
  readonly host: Host;
  readonly broker: Broker;
  /** Aborted when the page cancels the call, or is closed. */
  readonly signal: AbortSignal;
  progress(value: G): void;
  emit(event: HostEvent): void;
}
