import { type CallError, type HostEvent, METHODS, type MethodName, type Params, type Progress, type Result, toPage } from "../../src/protocol/index.ts";
import type { Channel } from "./channel.ts";

/** What the host refused or could not do: written for people. */
export class HostError extends Error {
  readonly code: string;
  readonly field: string | undefined;

  constructor({ code, message, field }: CallError) {
    super(message);
    this.code = code;
    this.field = field;
  }
}

export interface CallOptions<M extends MethodName> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((value: Progress<M>) => void) | undefined;
}

interface Waiting {
  readonly method: MethodName;
  resolve(value: unknown): void;
  reject(error: Error): void;
  progress(value: unknown): void;
}

/** Calls the host, and hears what it says. */
export class Client {
  readonly #channel: Channel;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: HostEvent) => void>();
  #lastId = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.onMessage((message) => { this.#receive(message); });
  }

  /** @throws HostError; with code `cancelled` once the signal is aborted */
  async call<M extends MethodName>(method: M, params: Params<M>, { signal, onProgress }: CallOptions<M> = {}): Promise<Result<M>> {
    if (signal?.aborted === true) throw new HostError({ code: "cancelled", message: "Cancelled." });
    const id = ++this.#lastId;
    const cancel = (): void => { this.#channel.send({ type: "cancel", id }); };
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const value = await new Promise<unknown>((resolve, reject) => {
        this.#waiting.set(id, { method, resolve, reject, progress: (given) => { onProgress?.(given as Progress<M>); } });
        this.#channel.send({ type: "call", id, method, params });
      });
      return value as Result<M>;
    } finally {
      this.#waiting.delete(id);
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** Answers what ends it. */
  onEvent(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  /** What isn't a message of the protocol is dropped: other scripts may post to a window. */
  #receive(message: unknown): void {
    const parsed = toPage.safeParse(message);
    if (!parsed.success) return;
    const { data } = parsed;
    if (data.type === "event") {
      for (const listener of this.#listeners) listener(data.event);
      return;
    }
    const call = this.#waiting.get(data.id);
    if (call === undefined) return;
    if (data.type === "error") call.reject(new HostError(data.error));
    else this.#take(call, data.type, data.value);
  }

  #take(call: Waiting, type: "result" | "progress", value: unknown): void {
    const parsed = METHODS[call.method][type].safeParse(value);
    if (!parsed.success) call.reject(new HostError({ code: "failed", message: `The answer to ${call.method} doesn't fit this page: ${parsed.error.issues[0]?.path.join(".") ?? ""} ${parsed.error.issues[0]?.message ?? ""}. Reload the window: it may be of another version.` }));
    else if (type === "result") call.resolve(parsed.data);
    else call.progress(parsed.data);
  }
}
