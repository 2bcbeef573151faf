/** A TCP proxy on loopback whose traffic a test can lose, hold, delay or cut. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Direction = "toServer" | "toClient" | "both";

/** @param target where it leads, such as `nats://127.0.0.1:4222`. Clients that a server tells its own address go around it. */
export async function startProxy(target: string): Promise<Proxy> {
  const { protocol, hostname, port } = new URL(target);
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  return new Proxy(listener, protocol, () => connect({ host: hostname, port: Number(port), noDelay: true }));
}

/** What is done to the traffic now. */
interface Weather {
  lost: Direction | undefined;
  held: Direction | undefined;
  delay: number;
  /** What makes answers get lost. */
  watchedFor: { readonly text: string; readonly seen: () => void } | undefined;
}

export class Proxy implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #listener: Server;
  readonly #links = new Set<Link>();
  readonly #weather: Weather = { lost: undefined, held: undefined, delay: 0, watchedFor: undefined };
  #refuses = false;

  constructor(listener: Server, protocol: string, reachServer: () => Socket) {
    this.port = (listener.address() as AddressInfo).port;
    this.url = `${protocol}//127.0.0.1:${this.port}`;
    this.#listener = listener.on("connection", (client: Socket) => {
      if (this.#refuses) client.destroy();
      else this.#links.add(new Link(client, reachServer(), this.#weather, (link) => this.#links.delete(link)));
    });
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#links.size;
  }

  /**
   * From now on bytes in this direction are lost and neither end is told, as when a cable is pulled.
   * `toClient` lets requests be carried out whose answers never come.
   */
  drop(direction: Direction = "both"): void {
    this.#weather.lost = direction;
  }

  /** From now on bytes in this direction aren't read: they pile up at their sender and arrive after `restore`. */
  hold(direction: Direction = "both"): void {
    this.#weather.held = direction;
    for (const link of this.#links) link.flow();
  }

  /**
   * Answers are lost from when a client has sent this text, which arrives: what it asks for is done, and it never hears
   * so. Resolves then.
   */
  loseAnswersTo(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#weather.watchedFor = { text, seen: resolve };
    });
  }

  /** From now on bytes arrive this much later, in order. */
  delay(milliseconds: number): void {
    this.#weather.delay = milliseconds;
  }

  /** Ends every connection; new ones are refused until `restore`, unless told otherwise. */
  cut({ refuse = true }: { readonly refuse?: boolean } = {}): void {
    this.#refuses = refuse;
    for (const link of this.#links) link.end();
  }

  /** Everything flows again. A connection that lost something can't go on: it ends, as it would by TCP's own rules. */
  restore(): void {
    Object.assign(this.#weather, { lost: undefined, held: undefined, delay: 0, watchedFor: undefined });
    this.#refuses = false;
    for (const link of this.#links) {
      if (link.hasLost) link.end();
      else link.flow();
    }
  }

  async stop(): Promise<void> {
    this.cut();
    if (this.#listener.listening) await once(this.#listener.close(), "close");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** A client's connection and the one to the server that stands for it. */
class Link {
  hasLost = false;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #weather: Weather;
  readonly #ended: (link: Link) => void;

  constructor(client: Socket, server: Socket, weather: Weather, ended: (link: Link) => void) {
    this.#client = client.setNoDelay();
    this.#server = server;
    this.#weather = weather;
    this.#ended = ended;
    this.#carry(client, server, "toServer");
    this.#carry(server, client, "toClient");
    this.flow();
  }

  end(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.#ended(this);
  }

  /** Reads, or doesn't, as it should be now. */
  flow(): void {
    for (const [socket, direction] of [[this.#client, "toServer"], [this.#server, "toClient"]] as const) {
      if (applies(this.#weather.held, direction)) socket.pause();
      else socket.resume();
    }
  }

  #carry(from: Socket, to: Socket, direction: Direction): void {
    let sent = Promise.resolve();
    let before = Buffer.alloc(0);
    from.on("data", (chunk: Buffer) => {
      const { watchedFor } = this.#weather;
      if (watchedFor !== undefined && direction === "toServer") {
        // It may come in two pieces.
        before = Buffer.concat([before.subarray(-watchedFor.text.length), chunk]);
        if (before.includes(watchedFor.text)) {
          this.#weather.watchedFor = undefined;
          this.#weather.lost = "toClient";
          watchedFor.seen();
        }
      }
      const due = performance.now() + this.#weather.delay;
      const earlier = sent;
      sent = (async () => {
        await earlier;
        if (due > performance.now()) await sleep(due - performance.now());
        if (applies(this.#weather.lost, direction)) this.hasLost = true;
        else await this.#write(from, to, chunk);
      })();
    });
    // The reason stands at the other end of the socket; here only the end counts.
    from.on("error", () => undefined);
    from.on("close", () => {
      void sent.then(() => {
        if (applies(this.#weather.lost, direction)) this.hasLost = true;
        else this.end();
      });
    });
  }

  async #write(from: Socket, to: Socket, chunk: Buffer): Promise<void> {
    if (to.destroyed || to.write(chunk)) return;
    from.pause();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        to.off("drain", done).off("close", done);
        resolve();
      };
      to.on("drain", done).on("close", done);
    });
    this.flow();
  }
}

function applies(where: Direction | undefined, direction: Direction): boolean {
  return where === "both" || where === direction;
}
