import type { RawData, WebSocket } from "ws";
import type { Channel } from "../../inspector/index.ts";
import type { ToPage } from "../../protocol/index.ts";

/** The largest payload there is (64 MiB), as base64 or escaped JSON, with room around it. */
export const LARGEST_MESSAGE = 128 * 1024 * 1024;
/** With more than this on the way to the page, it has to read first: no further call is taken. */
const ENOUGH = 4 * 1024 * 1024;
/** A page that lets so much pile up reads no more. */
const TOO_MUCH = 512 * 1024 * 1024;
const PING_EVERY_MS = 20_000;

/** Messages of the protocol over a page's socket, each the JSON text of one envelope. */
export class SocketChannel implements Channel, Disposable {
  readonly #socket: WebSocket;
  readonly #ping: NodeJS.Timeout;
  /** Many changes while the page is busy are one. */
  #changed = false;
  #heard = true;
  #unread = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("pong", () => { this.#heard = true; });
    this.#ping = setInterval(() => { this.#check(); }, PING_EVERY_MS);
    this.#ping.unref();
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#socket.on("message", (data, isBinary) => {
      this.#heard = true;
      if (!isBinary) listener(parsed(data));
    });
  }

  send(message: ToPage): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (message.type === "event" && message.event.name === "changed" && this.#socket.isPaused) {
      this.#changed = true;
      return;
    }
    this.#socket.send(JSON.stringify(message), () => { this.#drained(); });
    if (this.#socket.bufferedAmount > TOO_MUCH) this.#socket.terminate();
    else if (this.#socket.bufferedAmount > ENOUGH) this.#socket.pause();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ping);
  }

  #drained(): void {
    if (!this.#socket.isPaused || this.#socket.bufferedAmount > ENOUGH) return;
    this.#socket.resume();
    if (!this.#changed) return;
    this.#changed = false;
    this.send({ type: "event", event: { name: "changed" } });
  }

  /** A page that neither answers a ping nor reads anything is gone, whatever TCP thinks. */
  #check(): void {
    const unread = this.#socket.bufferedAmount;
    if (!this.#heard && unread >= this.#unread) {
      this.#socket.terminate();
      return;
    }
    this.#heard = false;
    this.#unread = unread;
    this.#socket.ping();
  }
}

/** `undefined`, which is no message of the protocol, for what isn't JSON. */
function parsed(data: RawData): unknown {
  try {
    return JSON.parse((data as Buffer).toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
