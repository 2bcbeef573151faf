import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { finished } from "node:stream/promises";
import { QueuescopeError } from "../../core/index.ts";
import type { Files, Sink, Source } from "../../inspector/index.ts";
import type { HostEvent } from "../../protocol/index.ts";
import { answer } from "./pages.ts";

/** A browser fetches what it is told to at once; one that doesn't won't. */
const FETCH_WITHIN_MS = 60_000;

type Take = (request: IncomingMessage, response: ServerResponse) => void;

/** Files that go between a page and this process, each at an address of its own that is good for one request. */
export class Transfers {
  readonly #expected = new Map<string, Take>();

  /** Whether it was expected, and is being answered. */
  take(id: string, request: IncomingMessage, response: ServerResponse): boolean {
    const take = this.#expected.get(id);
    this.#expected.delete(id);
    take?.(request, response);
    return take !== undefined;
  }

  expect(take: Take): { readonly url: string; readonly forget: () => void } {
    const id = randomBytes(32).toString("base64url");
    this.#expected.set(id, take);
    return { url: `/transfer/${id}`, forget: () => { this.#expected.delete(id); } };
  }
}

/** Files of the person in front of one page: their browser's downloads, and what they pick. */
export class PageFiles implements Files, Disposable {
  readonly #transfers: Transfers;
  readonly #emit: (event: HostEvent) => void;
  readonly #closed = new AbortController();
  #cancelOpen: () => void = () => undefined;

  constructor(transfers: Transfers, emit: (event: HostEvent) => void) {
    this.#transfers = transfers;
    this.#emit = emit;
  }

  async save(suggestedName: string): Promise<Sink> {
    const fetched = Promise.withResolvers<ServerResponse>();
    const { url, forget } = this.#transfers.expect((_request, response) => { fetched.resolve(response); });
    const giveUp = (): void => { fetched.reject(new QueuescopeError("unavailable", `The browser didn't start the download of ${suggestedName}. Allow this page to download, and export again.`)); };
    const timer = setTimeout(giveUp, FETCH_WITHIN_MS);
    this.#closed.signal.addEventListener("abort", giveUp);
    try {
      this.#emit({ name: "download", url });
      return download(await fetched.promise, suggestedName);
    } finally {
      forget();
      clearTimeout(timer);
      this.#closed.signal.removeEventListener("abort", giveUp);
    }
  }

  /** The page shows the browser's own dialog. PUT brings the file; DELETE says that nothing was picked. */
  async open(): Promise<Source | undefined> {
    this.#cancelOpen();
    const picked = Promise.withResolvers<Source | undefined>();
    const { url, forget } = this.#transfers.expect((request, response) => {
      if (request.method === "PUT") {
        picked.resolve(upload(request, response));
      } else {
        picked.resolve(undefined);
        answer(response, 204);
      }
    });
    this.#cancelOpen = () => { picked.resolve(undefined); };
    this.#emit({ name: "upload", url });
    return picked.promise.finally(forget);
  }

  [Symbol.dispose](): void {
    this.#closed.abort();
    this.#cancelOpen();
  }
}

function download(response: ServerResponse, name: string): Sink {
  response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(name)}`, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" });
  const stopped = (cause?: unknown): QueuescopeError => new QueuescopeError("unavailable", `The browser stopped the download of ${name}.`, { cause });
  const mustGoOn = (): void => { if (response.destroyed) throw stopped(); };
  return {
    name,
    write: async (data) => {
      mustGoOn();
      if (response.write(data)) return;
      const waiting = new AbortController();
      try {
        await Promise.race([once(response, "drain", { signal: waiting.signal }), once(response, "close", { signal: waiting.signal })]);
      } finally {
        waiting.abort();
      }
      mustGoOn();
    },
    close: async () => {
      response.end();
      await finished(response).catch((cause: unknown) => { throw stopped(cause); });
    },
    // A connection that breaks off makes the browser throw away what it has.
    abandon: () => {
      response.destroy();
      return Promise.resolve();
    },
  };
}

function upload(request: IncomingMessage, response: ServerResponse): Source {
  const size = Number(request.headers["content-length"] ?? Number.NaN);
  request.once("end", () => { answer(response, 204); });
  return { name: fileName(request), size: Number.isSafeInteger(size) ? size : null, chunks: () => request };
}

function fileName({ headers }: IncomingMessage): string {
  const given = headers["x-file-name"];
  try {
    return typeof given === "string" ? decodeURIComponent(given) : "";
  } catch (error) {
    if (error instanceof URIError) return "";
    throw error;
  }
}
