import type { ToHost, ToPage } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";
import type { Channel, Memory } from "./channel.ts";

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;

/** Messages between a page in a browser and the dashboard that served it. A lost connection is made again, and the page is told of both. */
export function socketChannel(memory: Memory): Channel {
  return new SocketChannel(memory);
}

class SocketChannel implements Channel {
  readonly memory: Memory;
  /** Calls that wait for an answer: with the connection their answers are lost. */
  readonly #calls = new Set<number>();
  /** What was said before the first connection was open. */
  #early: ToHost[] | null = [];
  #listener: (message: unknown) => void = () => undefined;
  #socket: WebSocket;
  #retryMs = FIRST_RETRY_MS;

  constructor(memory: Memory) {
    this.memory = memory;
    this.#socket = this.#connect();
  }

  send(message: ToHost): void {
    if (message.type === "call") this.#calls.add(message.id);
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
    else if (this.#early !== null) this.#early.push(message);
    else this.#refuseCalls();
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener;
  }

  #connect(): WebSocket {
    const socket = new WebSocket(`ws://${location.host}/channel`);
    socket.addEventListener("open", () => {
      this.#retryMs = FIRST_RETRY_MS;
      for (const message of this.#early ?? []) socket.send(JSON.stringify(message));
      this.#early = null;
    });
    socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as ToPage;
      if (message.type === "result" || message.type === "error") this.#calls.delete(message.id);
      this.#listener(message);
    });
    socket.addEventListener("close", () => { void this.#lost(); });
    return socket;
  }

  async #lost(): Promise<void> {
    this.#early = null;
    this.#refuseCalls();
    const known = await isStillKnown();
    const status = known
      ? ({ state: "lost", reason: t("The dashboard's process can't be reached. If it was ended, start it again with: queuescope dashboard") } as const)
      : ({ state: "failed", reason: t("The dashboard was started again: open the address that it printed") } as const);
    this.#listener({ type: "event", event: { name: "connection", status } } satisfies ToPage);
    setTimeout(() => { this.#socket = this.#connect(); }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #refuseCalls(): void {
    for (const id of this.#calls) {
      this.#calls.delete(id);
      const error = { code: "unavailable", message: t("The connection to the dashboard's process is lost. It is made again by itself; what was under way may have been done or not.") };
      queueMicrotask(() => { this.#listener({ type: "error", id, error } satisfies ToPage); });
    }
  }
}

/** Whether the dashboard, if it answers at all, still takes this page for one of its own. */
async function isStillKnown(): Promise<boolean> {
  try {
    return (await fetch("/queuescope.svg", { method: "HEAD" })).status !== 401;
  } catch (error) {
    if (error instanceof TypeError) return true;
    throw error;
  }
}
