import * as vscode from "vscode";
import type { Disposable } from "../disposable.ts";
import type { WorkerDefinition } from "../workers/definition.ts";
import { Connection } from "./connection.ts";
import { type ConnectionPlan, type FolderConnections, planConnections } from "./folder.ts";
import { openBroker } from "./library.ts";
import { WORKSPACE_FILE, WorkspaceFiles } from "./workspaceFiles.ts";

/** What another process changes is shown this soon; bursts are merged. */
const SETTLE_MS = 150;

/** Every folder's connections and workers, read on first use and followed from then on. */
export class Connections implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #encryptionKey: () => Promise<string | undefined>;
  readonly #workspaceFiles: WorkspaceFiles;
  readonly #folders = new Map<string, Promise<FolderConnections>>();
  readonly #known = new Map<string, { readonly plan: string; readonly connection: Connection }>();
  readonly #lists = new vscode.EventEmitter<void>();
  readonly #data = new vscode.EventEmitter<void>();
  readonly #states = new vscode.EventEmitter<void>();
  readonly #disposables: Disposable[] = [this.#lists, this.#data, this.#states];
  #timer: NodeJS.Timeout | undefined;
  #following = false;

  /** Connections or workers came or went. */
  readonly onDidChangeList = this.#lists.event;
  /** A connection was opened, or couldn't be. */
  readonly onDidChangeState = this.#states.event;
  /** Something in a broker changed, in whichever process. */
  readonly onDidChangeData = this.#data.event;

  constructor(log: vscode.LogOutputChannel, encryptionKey: () => Promise<string | undefined>) {
    this.#log = log;
    this.#encryptionKey = encryptionKey;
    this.#workspaceFiles = new WorkspaceFiles(log);
    this.#disposables.push(this.#workspaceFiles);
  }

  async folders(): Promise<FolderConnections[]> {
    this.#follow();
    return Promise.all((vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file").map((folder) => this.#folder(folder)));
  }

  async all(): Promise<Connection[]> {
    return (await this.folders()).flatMap(({ connections }) => connections);
  }

  async find(id: string): Promise<Connection | undefined> {
    return (await this.all()).find((connection) => connection.id === id);
  }

  /** Workers that queuescope.json names for a connection. */
  async workers(connection: Connection): Promise<WorkerDefinition[]> {
    return (await this.folders()).flatMap(({ workers }) => workers.filter((worker) => worker.connection === connection).map(({ definition }) => definition));
  }

  /** Closes everything that failed or whose settings may have changed; the next use opens it anew. */
  async reopen(): Promise<void> {
    this.#folders.clear();
    await Promise.all([...this.#known.values()].map(({ connection }) => connection.close()));
    this.#lists.fire();
  }

  /** Says that data changed where no watch does: a local file that just came to be. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#data.fire();
    }, SETTLE_MS);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const disposable of this.#disposables) disposable.dispose();
    for (const { connection } of this.#known.values()) connection.close().catch((error: unknown) => { this.#log.error(String(error)); });
  }

  #folder(folder: vscode.WorkspaceFolder): Promise<FolderConnections> {
    const id = folder.uri.toString();
    const known = this.#folders.get(id);
    if (known !== undefined) return known;
    const loading = this.#load(folder);
    this.#folders.set(id, loading);
    return loading;
  }

  async #load(folder: vscode.WorkspaceFolder): Promise<FolderConnections> {
    const workspace = await this.#workspaceFiles.read(folder);
    const url = vscode.workspace.getConfiguration("queuescope", folder.uri).get<string>("url", "");
    const plans = planConnections({ id: folder.uri.toString(), name: folder.name, workspace, url: url === "" ? undefined : url, trusted: vscode.workspace.isTrusted });
    const connections = await Promise.all(plans.map((plan) => this.#connection(plan, folder.uri.fsPath)));
    const names = [...(workspace?.connections.keys() ?? [])];
    const workers = [...(workspace?.workers ?? [])].flatMap(([name, settings]) => {
      const at = settings.connection === undefined ? 0 : names.indexOf(settings.connection);
      const connection = connections[at] ?? connections[0];
      return connection === undefined ? [] : [{ connection, definition: { name, folder: folder.uri.fsPath, settings } }];
    });
    return { folder: folder.uri.fsPath, connections, workers };
  }

  /** The same plan keeps its open connection; a changed one closes it. */
  async #connection(plan: ConnectionPlan, folder: string): Promise<Connection> {
    const text = JSON.stringify(plan);
    const known = this.#known.get(plan.id);
    if (known?.plan === text) return known.connection;
    await known?.connection.close();
    const open = async (create: boolean) => {
      const opened = await openBroker(plan, { folder, create, encryptionKey: await this.#encryptionKey(), log: this.#log });
      if (opened !== undefined) this.#log.info(`Opened ${opened.broker.url} (${opened.broker.capabilities.version})`);
      return opened;
    };
    const connection = new Connection({ id: plan.id, label: plan.label, folder }, open, { data: () => { this.changed(); }, state: () => { this.#states.fire(); } });
    this.#known.set(plan.id, { plan: text, connection });
    return connection;
  }

  /** From the first use on, not at activation. */
  #follow(): void {
    if (this.#following) return;
    this.#following = true;
    const files = vscode.workspace.createFileSystemWatcher(`**/${WORKSPACE_FILE}`);
    const databases = vscode.workspace.createFileSystemWatcher("**/.queuescope/queues.db", false, true, false);
    const reload = (): void => {
      this.#folders.clear();
      this.#lists.fire();
    };
    this.#disposables.push(
      files,
      files.onDidChange(reload),
      files.onDidCreate(reload),
      files.onDidDelete(reload),
      databases,
      databases.onDidCreate(() => { this.changed(); }),
      databases.onDidDelete(() => { void this.reopen(); }),
      vscode.workspace.onDidChangeWorkspaceFolders(reload),
      vscode.workspace.onDidGrantWorkspaceTrust(reload),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("queuescope.url")) reload();
      }),
    );
  }
}
