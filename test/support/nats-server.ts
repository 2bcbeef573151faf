/** Real nats-servers for tests: on loopback, on a port the server chose, with a store that is removed afterwards. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNats, type NatsVersion } from "../../scripts/nats-servers.ts";
import { until } from "./until.ts";

export type { NatsVersion } from "../../scripts/nats-servers.ts";

export interface NatsServerOptions {
  readonly version?: NatsVersion;
  /** Text of a configuration file (limits, accounts, TLS); address, port and store are added on the command line. */
  readonly config?: string;
  /** True by default. */
  readonly jetstream?: boolean;
  readonly port?: number;
  /** Kept afterwards; without it the store is temporary. */
  readonly storeDir?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** For `describe(..., { skip: natsSkip("2.9") }, ...)`: false, or why this version can't be tested here. */
export function natsSkip(version: NatsVersion = "newest"): string | false {
  const found = findNats(version);
  return "missing" in found ? found.missing : false;
}

/** Resolves when the server takes connections. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const found = findNats(options.version ?? "newest");
  if ("missing" in found) throw new Error(`A nats-server can't be started: ${found.missing}. Skip such tests with natsSkip().`);
  const folder = await mkdtemp(join(tmpdir(), "queuescope-nats-"));
  const server = new NatsServer(found.path, folder, options);
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

export class NatsServer implements AsyncDisposable {
  readonly storeDir: string;
  /** Of the binary, such as "2.9.10". */
  readonly version: string;
  readonly #binary: string;
  readonly #folder: string;
  readonly #options: NatsServerOptions;
  #config: string | undefined;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #port: number;
  #log = "";

  constructor(binary: string, folder: string, options: NatsServerOptions) {
    this.#binary = binary;
    this.#folder = folder;
    this.#options = options;
    this.#config = options.config;
    this.#port = options.port ?? -1;
    this.storeDir = options.storeDir ?? join(folder, "store");
    this.version = /\d+\.\d+\.\d+[^\s]*/.exec(execFileSync(binary, ["--version"], { encoding: "utf8" }))?.[0] ?? "unknown";
  }

  /** Stays the same over a restart. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined || !this.isRunning) throw new Error("The nats-server isn't running.");
    return pid;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** What the server has printed so far. */
  get log(): string {
    return this.#log;
  }

  /** On the port of before, which a passing connection may have as its own end for a moment. */
  async start(): Promise<void> {
    const written = this.#log.length;
    await until("the nats-server to get its port again", async () => {
      try {
        await this.#startOnce();
        return true;
      } catch (error) {
        if (this.#port === -1 || !this.#log.slice(written).includes("address already in use")) throw error;
        return false;
      }
    });
  }

  async #startOnce(): Promise<void> {
    const child = spawn(this.#binary, await this.#arguments(), { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...this.#options.env } });
    this.#child = child;
    // A test process that ends by an exception leaves neither server nor files behind.
    const end = (): void => {
      child.kill("SIGKILL");
      rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    };
    process.on("exit", end);
    this.#exited = new Promise((resolve) => {
      child.once("close", () => {
        process.off("exit", end);
        resolve(undefined);
      });
    });
    const collect = (chunk: Buffer): void => { this.#log += chunk.toString("utf8"); };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    await once(child, "spawn");
    this.#port = await until("the nats-server to name its port", () => this.#announcedPort(child));
    await until("the nats-server to take connections", () => acceptsConnections(this.#port));
  }

  /** Sends a signal to the server's own process; resolves when it has ended, unless the signal only stops or continues it. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.isRunning) return;
    this.#child?.kill(signal);
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") await this.#exited;
  }

  /** Ends it, if need be, and starts it again on the same port and store, with the same or another configuration. */
  async restart(signal: NodeJS.Signals = "SIGTERM", config = this.#config): Promise<void> {
    await this.kill(signal);
    this.#config = config;
    await this.start();
  }

  /** Ends it and removes its temporary files. */
  async stop(): Promise<void> {
    if (this.isRunning) {
      // A stopped process takes no SIGTERM, and a server that is busy shutting down isn't waited for.
      this.#child?.kill("SIGCONT");
      this.#child?.kill("SIGTERM");
      const patience = setTimeout(() => { this.#child?.kill("SIGKILL"); }, 5_000);
      await this.#exited;
      clearTimeout(patience);
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #arguments(): Promise<string[]> {
    const args = ["--addr", "127.0.0.1", "--port", String(this.#port), "--ports_file_dir", this.#folder];
    if (this.#options.jetstream ?? true) args.push("--jetstream", "--store_dir", this.storeDir);
    if (this.#config === undefined) return args;
    const file = join(this.#folder, "nats.conf");
    await writeFile(file, this.#config);
    return [...args, "--config", file];
  }

  /** The server writes the file when it listens. */
  async #announcedPort(child: ChildProcess): Promise<number | undefined> {
    if (!this.isRunning) throw new Error(`The nats-server ended at its start (${child.exitCode ?? child.signalCode ?? "?"}): ${this.#log}`);
    const name = (await readdir(this.#folder)).find((file) => file.endsWith(`_${child.pid ?? ""}.ports`));
    if (name === undefined) return undefined;
    const text = await readFile(join(this.#folder, name), "utf8");
    // Read while it was being written: the next look has all of it.
    if (!text.trimEnd().endsWith("}")) return undefined;
    const url = (JSON.parse(text) as { nats?: string[] }).nats?.[0];
    return url === undefined ? undefined : Number(new URL(url).port);
  }
}

async function acceptsConnections(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
