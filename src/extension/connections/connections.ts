import { homedir } from "node:os";
import * as vscode from "vscode";
import { WORKSPACE_FILE } from "../../client/workspace.ts";
import type { Disposable } from "../disposable.ts";
import type { WorkerDefinition } from "../workers/definition.ts";
import { AwaitedFile } from "./awaitFile.ts";
import { Connection } from "./connection.ts";
import type { Credentials } from "./credentials.ts";
import { type ConnectionPlan, type FolderConnections, isRemote, planConnections, planUserConnection } from "./folder.ts";
import { openBroker, type OpenSettings } from "./library.ts";
import type { SavedConnections } from "./saved.ts";
import { WorkspaceFiles } from "./workspaceFiles.ts";

/** What another process changes is shown this soon; bursts are merged. */
const SETTLE_MS = 150;

/** What connections are opened with. */
export interface Access {
  readonly encryptionKey: () => Promise<string | undefined>;
  readonly credentials: Credentials;
  readonly saved: SavedConnections;
  readonly allowProgram: OpenSettings["allowProgram"];
}

/** Every folder's and this user's connections and workers, read on first use and followed from then on. */
export class Connections implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #access: Access;
  readonly #workspaceFiles: WorkspaceFiles;
  readonly #folders = new Map<string, Promise<FolderConnections>>();
  readonly #known = new Map<string, { readonly plan: string; readonly connection: Connection }>();
  readonly #lists = new vscode.EventEmitter<void>();
  readonly #data = new vscode.EventEmitter<void>();
  readonly #states = new vscode.EventEmitter<void>();
  readonly #disposables: Disposable[] = [this.#lists, this.#data, this.#states];
  /** Files that weren't there when they were looked for. */
  readonly #awaited = new Map<string, AwaitedFile>();
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | undefined;
  #following = false;
  #generation = 0;

  /** Connections or workers came or went. */
  readonly onDidChangeList = this.#lists.event;
  /** A connection was opened, or couldn't be. */
  readonly onDidChangeState = this.#states.event;
  /** Something in a broker changed, in whichever process. */
  readonly onDidChangeData = this.#data.event;

  constructor(log: vscode.LogOutputChannel, access: Access) {
    this.#log = log;
    this.#access = access;
    this.#workspaceFiles = new WorkspaceFiles(log);
    this.#disposables.push(this.#workspaceFiles);
  }

  /** Those that aren't the workspace's. */
  get saved(): SavedConnections {
    return this.#access.saved;
  }

  async folders(): Promise<FolderConnections[]> {
    this.#follow();
    return Promise.all((vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file").map((folder) => this.#folder(folder)));
  }

  async all(): Promise<Connection[]> {
    const folders = await this.folders();
    const home = folders[0]?.folder ?? homedir();
    return [...folders.flatMap(({ connections }) => connections), ...this.#access.saved.users.map((saved) => this.#connection(planUserConnection(saved), home))];
  }

  async find(id: string): Promise<Connection | undefined> {
    return (await this.all()).find((connection) => connection.id === id);
  }

  /** Workers that queuescope.json names for a connection. */
  async workers(connection: Connection): Promise<WorkerDefinition[]> {
    return (await this.folders()).flatMap(({ workers }) => workers.filter((worker) => worker.connection === connection).map(({ definition }) => definition));
  }

  /** Reads everything again. A server's connection that is there, or tried again, is left: it would take its taps along. */
  async refresh(): Promise<void> {
    await this.#reopen(({ remote, state }) => !remote || (state !== "open" && state !== "lost"));
  }

  /** Closes everything, whose settings may have changed; the next use opens it anew. */
  async reopen(): Promise<void> {
    await this.#reopen(() => true);
  }

  /** Where a file was deleted or replaced, of which VS Code doesn't always tell: what is there now is used from here on. */
  renew(): void {
    this.#renewing ??= this.#closeEnded()
      .catch((error: unknown) => { this.#log.error(error instanceof Error ? error : String(error)); })
      .finally(() => { this.#renewing = undefined; });
  }

  /** The list was changed by a command. */
  reload(): void {
    this.#forget();
    this.#lists.fire();
    this.#prune().catch((error: unknown) => { this.#log.error(error instanceof Error ? error : String(error)); });
  }

  /** Tries a plan that is still to be stored. @throws why it can't be opened */
  async test(plan: Pick<ConnectionPlan, "url" | "readOnly">, folder: string, credentials: string | undefined): Promise<string> {
    const opened = await openBroker(plan, { folder, create: false, encryptionKey: undefined, credentials, allowProgram: this.#access.allowProgram, log: this.#log });
    if (opened === undefined) return "";
    const { version } = opened.broker.capabilities;
    await opened.close();
    return version;
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
    for (const file of this.#awaited.values()) file.close();
    for (const { connection } of this.#known.values()) this.#close(connection);
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
    const generation = this.#generation;
    const workspace = await this.#workspaceFiles.read(folder);
    // What was read before a reload may be old: it mustn't take the place of what was read after.
    if (generation !== this.#generation) return this.#folder(folder);
    const url = vscode.workspace.getConfiguration("queuescope", folder.uri).get<string>("url", "");
    const plans = planConnections({ id: folder.uri.toString(), name: folder.name, workspace, url: url === "" ? undefined : url, localNats: this.#access.saved.localNats(folder.uri.fsPath), trusted: vscode.workspace.isTrusted });
    const connections = plans.map((plan) => this.#connection(plan, folder.uri.fsPath));
    const names = [...(workspace?.connections.keys() ?? [])];
    const workers = [...(workspace?.workers ?? [])].flatMap(([name, settings]) => {
      const at = settings.connection === undefined ? 0 : names.indexOf(settings.connection);
      const connection = connections[at] ?? connections[0];
      return connection === undefined ? [] : [{ connection, definition: { name, folder: folder.uri.fsPath, settings } }];
    });
    return { folder: folder.uri.fsPath, connections, workers };
  }

  /** The same plan keeps its open connection; a changed one closes it. Nothing is awaited, so that two loads at once share it. */
  #connection(plan: ConnectionPlan, folder: string): Connection {
    const text = JSON.stringify(plan);
    const known = this.#known.get(plan.id);
    if (known?.plan === text) return known.connection;
    if (known !== undefined) this.#close(known.connection);
    const open = async (create: boolean) => {
      const { allowProgram, credentials, encryptionKey } = this.#access;
      const settings = { folder, create, onAbsent: (path: string) => { this.#awaitFile(path); }, allowProgram, log: this.#log };
      const opened = await openBroker(plan, { ...settings, encryptionKey: await encryptionKey(), credentials: await credentials.of(plan) });
      if (opened !== undefined) this.#log.info(`Opened ${opened.broker.url} (${opened.broker.capabilities.version})`);
      return opened;
    };
    const { id, name, label, origin, url, readOnly, credentials } = plan;
    const secret = credentials !== undefined && "secret" in credentials ? credentials.secret : undefined;
    const connection = new Connection({ id, name, label, origin, folder, url, readOnly, remote: isRemote(plan), secret }, open, { data: () => { this.changed(); }, state: () => { this.#states.fire(); } });
    this.#known.set(plan.id, { plan: text, connection });
    return connection;
  }

  async #reopen(which: (connection: Connection) => boolean): Promise<void> {
    this.#forget();
    await Promise.all([...this.#known.values()].filter(({ connection }) => which(connection)).map(({ connection }) => connection.close()));
    this.#lists.fire();
  }

  async #closeEnded(): Promise<void> {
    await Promise.all([...this.#known.values()].map(async ({ connection }) => { if (await connection.hasEnded()) await connection.close(); }));
    this.#lists.fire();
  }

  /** What the folders say is read anew by whoever asks next. */
  #forget(): void {
    this.#generation += 1;
    this.#folders.clear();
  }

  /** Closes what no folder names any more. */
  async #prune(): Promise<void> {
    const wanted = new Set(await this.all());
    for (const [id, { connection }] of this.#known) {
      if (wanted.has(connection)) continue;
      this.#known.delete(id);
      this.#close(connection);
    }
  }

  #close(connection: Connection): void {
    connection.close().catch((error: unknown) => { this.#log.error(`Closing ${connection.label}:`, error instanceof Error ? error : String(error)); });
  }

  /** Another process may make a file that queuescope.json or the settings name, wherever that is. */
  #awaitFile(path: string): void {
    if (this.#awaited.has(path)) return;
    const made = (): void => {
      this.#awaited.delete(path);
      this.changed();
    };
    this.#awaited.set(path, new AwaitedFile(path, made, (error) => { this.#log.warn(`Watching for ${path}:`, error instanceof Error ? error : String(error)); }));
  }

  /** From the first use on, not at activation. */
  #follow(): void {
    if (this.#following) return;
    this.#following = true;
    const files = vscode.workspace.createFileSystemWatcher(`**/${WORKSPACE_FILE}`);
    const databases = vscode.workspace.createFileSystemWatcher("**/.queuescope/queues.db", true, true, false);
    // Of a folder that is deleted whole, VS Code may not tell what was in it.
    const homes = vscode.workspace.createFileSystemWatcher("**/.queuescope", true, true, false);
    const reload = (): void => { this.reload(); };
    const renew = (): void => { this.renew(); };
    this.#disposables.push(
      files,
      files.onDidChange(reload),
      files.onDidCreate(reload),
      files.onDidDelete(reload),
      databases,
      databases.onDidDelete(renew),
      homes,
      homes.onDidDelete(renew),
      vscode.workspace.onDidChangeWorkspaceFolders(reload),
      vscode.workspace.onDidGrantWorkspaceTrust(reload),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("queuescope.url")) reload();
      }),
    );
  }
}
