import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type ConnectionOptions as ClientOptions, type NatsConnection, NatsConnectionImpl, type ServerInfo, setTransportFactory } from "@nats-io/transport-node";
import { nodeResolveHost, NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";
import { createWebSocketStream, WebSocket } from "ws";
import { ENDED } from "./status.ts";

/** What our transport wants to know besides. */
export interface DialOptions extends ClientOptions {
  /** Of servers reached by websocket: URL by host and port. */
  readonly websockets?: ReadonlyMap<string, string>;
  /** Files of TLS for them, which is below the websocket and not NATS's own. */
  readonly websocketTls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
}

/** As the package's own connect and wsconnect; these set a transport for the whole process, so that one kind breaks the other's reconnects. */
export async function dial(options: DialOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new Transport(), dnsResolveFn: nodeResolveHost });
  return await NatsConnectionImpl.connect(options);
}

class Transport extends NodeTransport {
  #dialing: Socket | undefined;
  #answered = false;
  #overWebsocket = false;
  #wantsCertificate = false;

  override async connect(server: Parameters<NodeTransport["connect"]>[0], options: DialOptions): Promise<void> {
    this.#overWebsocket = options.websockets !== undefined;
    void this.closed().then((error) => { this.#refuse(error); });
    await super.connect(server, options);
  }

  override async dial({ hostname, port }: { hostname: string; port: number }): Promise<Socket> {
    const { websockets, websocketTls } = this.options as DialOptions;
    const url = websockets?.get(`${hostname}:${port}`);
    const { socket, opened } = url === undefined ? openSocket(hostname, port) : openWebsocket(url, websocketTls ?? {});
    this.#dialing = quiet(socket);
    await opened;
    return socket;
  }

  override async peekInfo(): Promise<ServerInfo> {
    const info = await super.peekInfo();
    const { certFile } = this.options.tls ?? {};
    this.#wantsCertificate = info.tls_verify === true && certFile === undefined && !this.#overWebsocket;
    return info;
  }

  override startTLS(): Promise<TLSSocket> {
    return this.#overWebsocket ? Promise.resolve(this.socket as unknown as TLSSocket) : super.startTLS();
  }

  /** The package leaves the socket of a server open that never answered, and the process with it. */
  override async close(error?: Error): Promise<void> {
    if (this.connected) {
      await super.close(error);
      return;
    }
    this.#dialing?.destroy();
    this.discard();
  }

  override discard(): void {
    super.discard();
    // It took all listeners off; what the socket still has to say concerns nobody.
    if (this.#dialing !== undefined) quiet(this.#dialing);
  }

  override async *iterate(): AsyncIterableIterator<Uint8Array> {
    let chunks = 0;
    for await (const chunk of super.iterate()) {
      // The first is the server's INFO, which it sends to everybody.
      chunks += 1;
      this.#answered = chunks > 1;
      yield chunk;
    }
  }

  /**
   * A connection that ends before the server has let us in: the package would wait until its time is up, unless it is told
   * by an error of the server's. TLS 1.3 refuses a client certificate this way.
   */
  #refuse(error: unknown): void {
    if (this.#answered || this.yields.length > 0) return;
    const text = error instanceof Error ? error.message.replaceAll(/[\r\n']/g, " ") : "without a word";
    this.yields.push(new TextEncoder().encode(`-ERR 'Authorization Violation: ${this.#wantsCertificate ? "certificate required" : `${ENDED} ${text}`}'\r\n`));
    this.signal.resolve();
  }
}

interface Opening {
  readonly socket: Socket;
  readonly opened: Promise<unknown>;
}

function openSocket(host: string, port: number): Opening {
  const socket = createConnection(port, host).setNoDelay(true);
  return { socket, opened: once(socket, "connect") };
}

function openWebsocket(url: string, { caFile, certFile, keyFile }: NonNullable<DialOptions["websocketTls"]>): Opening {
  const file = (path: string | undefined): Buffer | undefined => (path === undefined ? undefined : readFileSync(path));
  const websocket = new WebSocket(url, { ca: file(caFile), cert: file(certFile), key: file(keyFile), perMessageDeflate: false });
  // At once, not when it is open: the server's first message may come in the same packet. What is encrypted lies below; NATS's own TLS isn't spoken here.
  const stream = Object.assign(createWebSocketStream(websocket), { encrypted: true });
  // The stream's own listeners don't survive NodeTransport, which takes over all of them.
  websocket.on("close", () => stream.destroy());
  return { socket: stream as unknown as Socket, opened: once(websocket, "open") };
}

/** An error that nobody listens to would end the process. */
function quiet(socket: Socket): Socket {
  return socket.on("error", () => undefined);
}
