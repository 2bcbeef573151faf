/** The inspector in a browser of this machine: the same page and the same host as in the editor, over a socket. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { type Broker, QueuescopeError } from "../../core/index.ts";
import { serveInspector } from "../../inspector/index.ts";
import { Access, refusalOfPlace } from "./access.ts";
import { type Asset, readAssets } from "./assets.ts";
import { brokerConnection, PoppedInMemory } from "./connection.ts";
import { answer, answerEntry, answerPage, answerRefusal } from "./pages.ts";
import { LARGEST_MESSAGE, SocketChannel } from "./socket.ts";
import { PageFiles, Transfers } from "./transfers.ts";

export interface DashboardOptions {
  readonly broker: Broker;
  /** 0: any free one. */
  readonly port: number;
  /** Where templates of messages are kept; `null`: nowhere. */
  readonly templates: string | null;
  /** Told what went wrong in a way that nobody expected. */
  readonly onError: (what: string, error: unknown) => void;
}

export interface Dashboard extends AsyncDisposable {
  /** With the token that opens it. */
  readonly url: string;
}

/** @throws unavailable when the port is taken, or the page isn't built */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const assets = await readAssets();
  const server = createServer({ requestTimeout: 0 });
  const port = await listen(server, options.port);
  const access = new Access(port);
  const transfers = new Transfers();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false });
  servePages(sockets, transfers, options);
  server.on("request", (request, response) => { answerRequest(request, response, { access, assets, transfers }); });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Who goes away while being refused isn't our trouble.
    socket.on("error", () => undefined);
    const refusal = access.refusal(request) ?? (request.headers.origin === undefined ? { status: 403 } : undefined);
    if (refusal !== undefined || pathOf(request).pathname !== "/channel") socket.end(`HTTP/1.1 ${refusal?.status ?? 404} Refused\r\nConnection: close\r\n\r\n`);
    else sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit("connection", opened));
  });
  return {
    url: `http://127.0.0.1:${port}/?token=${access.token}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => { server.close(resolve); });
      for (const socket of sockets.clients) socket.close(1001, "The dashboard was stopped.");
      server.closeAllConnections();
      for (const socket of sockets.clients) socket.terminate();
      await closed;
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "is taken by another program" : `can't be used (${cause.message})`;
      reject(new QueuescopeError("unavailable", `Port ${port} of 127.0.0.1 ${why}. Choose another one with --port, or leave it out to get a free one.`, { cause }));
    });
    server.listen(port, "127.0.0.1", () => { resolve(); });
  });
  return (server.address() as AddressInfo).port;
}

/** Each page that connects is served until its socket closes. */
function servePages(sockets: WebSocketServer, transfers: Transfers, { broker, templates, onError }: DashboardOptions): void {
  const connection = brokerConnection(broker);
  const popped = new PoppedInMemory();
  sockets.on("connection", (socket) => {
    const channel = new SocketChannel(socket);
    const files = new PageFiles(transfers, (event) => { channel.send({ type: "event", event }); });
    const serving = serveInspector(channel, { surface: "browser", connection, popped, editor: null, files, templates, texts: {}, onError });
    // A page that was connected before may have missed something.
    channel.send({ type: "event", event: { name: "connection", status: connection.status() } });
    channel.send({ type: "event", event: { name: "changed" } });
    socket.on("error", (error) => { onError("socket", error); });
    socket.on("close", () => {
      serving[Symbol.dispose]();
      files[Symbol.dispose]();
      channel[Symbol.dispose]();
    });
  });
}

interface Parts {
  readonly access: Access;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly transfers: Transfers;
}

function answerRequest(request: IncomingMessage, response: ServerResponse, { access, assets, transfers }: Parts): void {
  const { pathname, searchParams } = pathOf(request);
  const token = searchParams.get("token");
  const comesIn = pathname === "/" && token !== null && access.opens(token);
  const refusal = comesIn ? refusalOfPlace(request) : access.refusal(request);
  if (refusal !== undefined) answerRefusal(response, refusal.status, refusal.reason);
  else if (comesIn) answerEntry(response, access.cookie);
  else if (pathname.startsWith("/transfer/")) answerTransfer(request, response, pathname.slice("/transfer/".length), transfers);
  else if (request.method !== "GET" && request.method !== "HEAD") answer(response, 405, { Allow: "GET, HEAD" });
  else if (pathname === "/") answerPage(response, request.headers.host ?? "");
  else answerAsset(response, assets.get(pathname));
}

function answerTransfer(request: IncomingMessage, response: ServerResponse, id: string, transfers: Transfers): void {
  if (!transfers.take(id, request, response)) answerRefusal(response, 404, "This address was good for one file, once. Start the export or import again.");
}

function answerAsset(response: ServerResponse, asset: Asset | undefined): void {
  if (asset === undefined) answerRefusal(response, 404, "There is nothing at this address.");
  else answer(response, 200, { "Content-Type": asset.type }, asset.content);
}

function pathOf({ url = "/" }: IncomingMessage): URL {
  return URL.canParse(url, "http://127.0.0.1") ? new URL(url, "http://127.0.0.1") : new URL("http://127.0.0.1/unreadable");
}
