import type { ToHost } from "../../src/protocol/index.ts";

/** The way to the host: messages of a webview, or a socket. */
export interface Channel {
  send(message: ToHost): void;
  onMessage(listener: (message: unknown) => void): void;
  /** What is remembered of this page when it is loaded anew. */
  readonly memory: Memory;
}

export interface Memory {
  get(): unknown;
  set(state: unknown): void;
}
