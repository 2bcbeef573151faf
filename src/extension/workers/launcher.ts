import { hostname } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Disposable } from "../disposable.ts";
import type { WorkerInfo } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import type { EncryptionKey } from "../encryptionKey.ts";
import { type WorkerRun, workerArguments } from "./commandLine.ts";
import { findRuntime, type Runtime } from "./runtime.ts";

export type LaunchRequest = Omit<WorkerRun, "url"> & { readonly connection: Connection };

/** Starts, debugs and stops workers. They run as processes of the bundled CLI. */
export class WorkerLauncher implements vscode.Disposable {
  readonly #dist: string;
  readonly #encryptionKey: EncryptionKey;
  readonly #log: vscode.LogOutputChannel;
  readonly #terminals = new Set<vscode.Terminal>();
  readonly #sessions = new Map<string, vscode.DebugSession>();
  readonly #disposables: Disposable[];

  /** `dist`: the folder of the bundled programs. */
  constructor(dist: string, encryptionKey: EncryptionKey, log: vscode.LogOutputChannel) {
    this.#dist = dist;
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
        if (key !== undefined && this.#sessions.get(key) === session) this.#sessions.delete(key);
      }),
    ];
  }

  /** In an integrated terminal of its own, named after it. */
  async start(request: LaunchRequest): Promise<void> {
    const { runtime, args, env } = await this.#prepare(request);
    const terminal = vscode.window.createTerminal({
      name: request.definition.name,
      iconPath: new vscode.ThemeIcon("server-process"),
      shellPath: runtime.executable,
      shellArgs: [join(this.#dist, "worker-terminal.js"), ...args],
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
    const { runtime, args, env } = await this.#prepare(request);
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(request.definition.folder));
    const started = await vscode.debug.startDebugging(folder, {
      type: "node",
      request: "launch",
      name: vscode.l10n.t("Worker {0}", request.definition.name),
      queuescopeWorker: sessionKey(request.connection.id, request.definition.name),
      program: join(this.#dist, "cli.js"),
      args,
      cwd: request.definition.folder,
      env,
      runtimeExecutable: runtime.executable,
      // The debugger types the environment into the terminal: not for a key to be seen there.
      console: "QUEUESCOPE_ENCRYPTION_KEY" in env ? "internalConsole" : "integratedTerminal",
      outputCapture: "std",
      sourceMaps: true,
      pauseForSourceMap: true,
      // The handler is built when the worker starts, wherever that puts it.
      resolveSourceMapLocations: null,
      outFiles: [],
      smartStep: true,
      skipFiles: ["<node_internals>/**", `${this.#dist}/**`],
    });
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
  }

  async #prepare(request: LaunchRequest): Promise<{ readonly runtime: Runtime; readonly args: string[]; readonly env: Record<string, string> }> {
    const { definition, connection } = request;
    const configured = vscode.workspace.getConfiguration("queuescope", vscode.Uri.file(definition.folder)).get<string>("nodePath", "");
    const [runtime, broker, key] = await Promise.all([findRuntime(definition.folder, configured), connection.open(), this.#encryptionKey.get()]);
    const args = workerArguments({ ...request, url: broker.url });
    return { runtime, args, env: { ...runtime.env, ...(request.named ? {} : definition.settings.env), ...(key === undefined ? {} : { QUEUESCOPE_ENCRYPTION_KEY: key }) } };
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
