import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type ConnectionOptions as ClientOptions, type NatsConnection, NatsConnectionImpl, setTransportFactory } from "@nats-io/transport-node";
import { nodeResolveHost, NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";
import { createWebSocketStream, WebSocket } from "ws";

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

  override async connect(server: Parameters<NodeTransport["connect"]>[0], options: DialOptions): Promise<void> {
    this.#overWebsocket = options.websockets !== undefined;
    void this.closed().then((error) => { this.#refuse(error); });
    await super.connect(server, options);
  }

  override async dial({ hostname, port }: { hostname: string; port: number }): Promise<Socket> {
    const { websockets, websocketTls } = this.options as DialOptions;
    const url = websockets?.get(`${hostname}:${port}`);
    if (url !== undefined) return await openWebsocket(url, websocketTls ?? {});
    const socket = createConnection(port, hostname).setNoDelay(true);
    this.#dialing = socket;
    await once(socket, "connect");
    socket.removeAllListeners();
    return socket;
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
    this.#dialing?.on("error", () => undefined).destroy();
    this.discard();
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

  /** A socket that ends before the server has let us in is a refusal (by TLS 1.3, of a client certificate), which the package would wait out. */
  #refuse(error: unknown): void {
    if (this.#answered || !(error instanceof Error)) return;
    this.yields.push(new TextEncoder().encode(`-ERR 'Authorization Violation: ${error.message.replaceAll(/[\r\n']/g, " ")}'\r\n`));
    this.signal.resolve();
  }
}

async function openWebsocket(url: string, { caFile, certFile, keyFile }: NonNullable<DialOptions["websocketTls"]>): Promise<Socket> {
  const file = (path: string | undefined): Buffer | undefined => (path === undefined ? undefined : readFileSync(path));
  const websocket = new WebSocket(url, { ca: file(caFile), cert: file(certFile), key: file(keyFile), perMessageDeflate: false });
  await once(websocket, "open");
  // What is encrypted lies below; NATS's own TLS isn't spoken here.
  return Object.assign(createWebSocketStream(websocket), { encrypted: true }) as unknown as Socket;
}
