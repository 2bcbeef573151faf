import { hostname } from "node:os";
import { dirname } from "node:path";
import * as vscode from "vscode";
import type { Disposable } from "../disposable.ts";
import type { WorkerInfo } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import type { EncryptionKey } from "../encryptionKey.ts";
import { type WorkerRun, workerArguments } from "./commandLine.ts";
import { type Handover, HANDOVER, offerSecrets } from "./handover.ts";
import { findRuntime, type Runtime } from "./runtime.ts";

export type LaunchRequest = Omit<WorkerRun, "url"> & { readonly connection: Connection };

interface Prepared {
  readonly runtime: Runtime;
  readonly args: string[];
  readonly env: Record<string, string>;
  /** Where the worker gets its secrets, if there are some. */
  readonly handover: Handover | undefined;
}

/** Starts, debugs and stops workers. They run as processes of the bundled CLI. */
export class WorkerLauncher implements vscode.Disposable {
  readonly #program: string;
  readonly #encryptionKey: EncryptionKey;
  readonly #log: vscode.LogOutputChannel;
  readonly #terminals = new Set<vscode.Terminal>();
  readonly #sessions = new Map<string, vscode.DebugSession>();
  /** A worker that is debugged may be started again, by Restart. */
  readonly #handovers = new Map<string, Handover>();
  readonly #disposables: Disposable[];

  /** `program`: what a worker's process runs. */
  constructor(program: string, encryptionKey: EncryptionKey, log: vscode.LogOutputChannel) {
    this.#program = program;
    this.#encryptionKey = encryptionKey;
    this.#log = log;
    this.#disposables = [
      vscode.window.onDidCloseTerminal((terminal) => this.#terminals.delete(terminal)),
      vscode.debug.onDidStartDebugSession((session) => {
        const key = sessionWorker(session);
        if (key !== undefined) this.#sessions.set(key, session);
      }),
      vscode.debug.onDidTerminateDebugSession((session) => {
        const key = sessionWorker(session);
        if (key === undefined || this.#sessions.get(key) !== session) return;
        this.#sessions.delete(key);
        this.#endHandover(key);
      }),
    ];
  }

  /** In an integrated terminal of its own, named after it. */
  async start(request: LaunchRequest): Promise<void> {
    const { runtime, args, env } = await this.#prepare(request, { again: false });
    const terminal = vscode.window.createTerminal({
      name: request.definition.name,
      iconPath: new vscode.ThemeIcon("server-process"),
      shellPath: runtime.executable,
      shellArgs: [this.#program, ...args],
      cwd: request.definition.folder,
      env,
      isTransient: true,
    });
    this.#terminals.add(terminal);
    terminal.show(true);
    this.#log.info(`Started worker ${request.definition.name} on ${runtime.executable} ${runtime.version}`);
  }

  /** Under the editor's own JavaScript debugger: a breakpoint in a TypeScript handler is hit. */
  async debug(request: LaunchRequest): Promise<void> {
    const { runtime, args, env, handover } = await this.#prepare(request, { again: true });
    const key = sessionKey(request.connection.id, request.definition.name);
    this.#endHandover(key);
    if (handover !== undefined) this.#handovers.set(key, handover);
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(request.definition.folder));
    const started = await vscode.debug.startDebugging(folder, {
      type: "node",
      request: "launch",
      name: vscode.l10n.t("Worker {0}", request.definition.name),
      queuescopeWorker: key,
      program: this.#program,
      args,
      cwd: request.definition.folder,
      env,
      runtimeExecutable: runtime.executable,
      console: "integratedTerminal",
      outputCapture: "std",
      sourceMaps: true,
      pauseForSourceMap: true,
      // The handler is built when the worker starts, wherever that puts it.
      resolveSourceMapLocations: null,
      outFiles: [],
      smartStep: true,
      skipFiles: ["<node_internals>/**", `${dirname(this.#program)}/**`],
    });
    if (!started) this.#endHandover(key);
    if (!started) throw new Error(vscode.l10n.t("The debugger did not start. Its own message says why; the built-in extension JavaScript Debugger must be enabled."));
    this.#log.info(`Debugging worker ${request.definition.name} on ${runtime.executable} ${runtime.version}`);
  }

  /** As Ctrl+C does: running handlers finish, what wasn't started is released. */
  async stop(connection: Connection, worker: WorkerInfo): Promise<void> {
    const session = this.#sessions.get(sessionKey(connection.id, worker.name));
    if (session !== undefined && worker.status === "debugging") {
      await vscode.debug.stopDebugging(session);
      return;
    }
    for (const terminal of this.#terminals) {
      if ((await terminal.processId) !== worker.pid) continue;
      terminal.sendText("\u0003", false);
      return;
    }
    if (worker.host !== hostname()) throw new Error(vscode.l10n.t("Worker {0} runs on {1} as process {2}. Stop it there.", worker.name, worker.host, worker.pid));
    terminate(worker);
    this.#log.info(`Sent SIGTERM to worker ${worker.name} (process ${worker.pid})`);
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
    for (const key of this.#handovers.keys()) this.#endHandover(key);
  }

  async #prepare(request: LaunchRequest, offer: { readonly again: boolean }): Promise<Prepared> {
    const { definition, connection } = request;
    const configured = vscode.workspace.getConfiguration("queuescope", vscode.Uri.file(definition.folder)).get<string>("nodePath", "");
    const [runtime, broker, key] = await Promise.all([findRuntime(definition.folder, configured), connection.open(), this.#encryptionKey.get()]);
    // A server's URL may hold a password, which everybody on the machine could read from a command line.
    const server = connection.opened?.server;
    const args = workerArguments({ ...request, url: server === undefined ? broker.url : undefined });
    const handover = key === undefined && server === undefined ? undefined : await offerSecrets({ ...server, encryptionKey: key }, offer);
    const env = { ...runtime.env, ...(request.named ? {} : definition.settings.env), ...(handover === undefined ? {} : { [HANDOVER]: handover.address }) };
    return { runtime, args, env, handover };
  }

  #endHandover(key: string): void {
    const handover = this.#handovers.get(key);
    this.#handovers.delete(key);
    handover?.close().catch((error: unknown) => { this.#log.error(error instanceof Error ? error : String(error)); });
  }
}

/** Workers of several folders may have the same name. */
function sessionKey(connectionId: string, name: string): string {
  return `${connectionId} ${name}`;
}

function sessionWorker(session: vscode.DebugSession): string | undefined {
  const key: unknown = session.configuration["queuescopeWorker"];
  return typeof key === "string" ? key : undefined;
}

function terminate({ name, pid }: WorkerInfo): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === "EPERM";
    throw new Error(denied ? vscode.l10n.t("Worker {0} belongs to another user. Stop process {1} as that user.", name, pid) : vscode.l10n.t("Worker {0} (process {1}) isn't running any more.", name, pid), { cause });
  }
}
