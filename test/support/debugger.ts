import { readFile } from "node:fs/promises";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly sourceMapURL?: string;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface Pause {
  readonly callFrames: readonly { readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber: number } }[];
}

/** A small debugger: sets breakpoints by source file and line through source maps, as editors do. */
export class Debugger {
  readonly #socket: WebSocket;
  readonly #replies = new Map<number, (reply: Reply) => void>();
  readonly #wanted: { readonly file: string; readonly line: number }[] = [];
  readonly #scripts = new Map<string, Script>();
  #working: Promise<void> = Promise.resolve();
  #nextId = 1;
  bound = 0;
  paused: Pause | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => { this.#read(JSON.parse(String(data)) as Reply); });
  }

  static async attach(url: string): Promise<Debugger> {
    const socket = new WebSocket(url);
    await new Promise((open, fail) => {
      socket.addEventListener("open", open, { once: true });
      socket.addEventListener("error", fail, { once: true });
    });
    const one = new Debugger(socket);
    await one.send("Debugger.enable");
    // Editors stop each new script that has a source map until its breakpoints are bound.
    await one.send("Debugger.setInstrumentationBreakpoint", { instrumentation: "beforeScriptWithSourceMapExecution" });
    return one;
  }

  breakAt(file: string, line: number): void {
    this.#wanted.push({ file, line });
  }

  async run(): Promise<void> {
    await this.send("Runtime.runIfWaitingForDebugger");
  }

  async resume(): Promise<void> {
    this.paused = null;
    await this.send("Debugger.resume");
  }

  /** Where it stands, as source file and line. */
  async place(): Promise<{ file: string; line: number }> {
    const pause = await until("a pause at a breakpoint", () => this.paused);
    const [frame] = pause.callFrames;
    if (frame === undefined) throw new Error("A pause has a frame.");
    const script = this.#scripts.get(frame.location.scriptId);
    const map = script === undefined ? null : await loadMap(script);
    const entry = map?.map.findEntry(frame.location.lineNumber, frame.location.columnNumber);
    if (map === null || entry === undefined || !("originalSource" in entry)) return { file: script?.url ?? "", line: frame.location.lineNumber + 1 };
    return { file: resolve(map.folder, entry.originalSource), line: entry.originalLine + 1 };
  }

  close(): void {
    this.#socket.close();
  }

  async send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = this.#nextId++;
    const reply = await new Promise<Reply>((answer) => {
      this.#replies.set(id, answer);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result ?? {};
  }

  #read(reply: Reply): void {
    if (reply.id !== undefined) {
      this.#replies.get(reply.id)?.(reply);
      this.#replies.delete(reply.id);
    } else if (reply.method === "Debugger.scriptParsed") {
      const script = reply.params as unknown as Script;
      this.#scripts.set(script.scriptId, script);
      this.#working = this.#working.then(() => this.#bind(script));
    } else if (reply.method === "Debugger.paused") {
      if (reply.params?.["reason"] === "instrumentation") this.#working = this.#working.then(async () => { await this.send("Debugger.resume"); });
      else this.paused = reply.params as unknown as Pause;
    }
  }

  async #bind(script: Script): Promise<void> {
    const map = await loadMap(script);
    if (map === null) return;
    for (const { file, line } of this.#wanted) {
      const generated = map.generatedPlace(file, line);
      if (generated === null) continue;
      await this.send("Debugger.setBreakpoint", { location: { scriptId: script.scriptId, ...generated } });
      this.bound += 1;
    }
  }
}

interface LoadedMap {
  readonly map: SourceMap;
  readonly folder: string;
  generatedPlace(file: string, line: number): { lineNumber: number; columnNumber: number } | null;
}

async function loadMap({ url, sourceMapURL = "" }: Script): Promise<LoadedMap | null> {
  if (!url.startsWith("file:") || sourceMapURL === "" || sourceMapURL.startsWith("data:")) return null;
  const folder = dirname(fileURLToPath(url));
  const mapText = await readFile(resolve(folder, sourceMapURL), "utf8");
  const payload = JSON.parse(mapText) as SourceMapPayload;
  const map = new SourceMap(payload);
  const lines = (await readFile(fileURLToPath(url), "utf8")).split("\n");
  return {
    map,
    folder,
    generatedPlace: (file, line) => {
      for (const [lineNumber, text] of lines.entries()) {
        for (let columnNumber = 0; columnNumber < text.length; columnNumber++) {
          const entry = map.findEntry(lineNumber, columnNumber);
          if ("originalSource" in entry && entry.originalLine === line - 1 && resolve(folder, entry.originalSource) === file) return { lineNumber, columnNumber };
        }
      }
      return null;
    },
  };
}
