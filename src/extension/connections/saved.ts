import type * as vscode from "vscode";
import type { UserConnection } from "./folder.ts";

const USERS = "queuescope.connections";
const LOCAL_NATS = "queuescope.localNats";

/** Connections that the editor remembers: this user's, and the folders' own nats-servers. Their logins are in the secret storage. */
export class SavedConnections {
  readonly #global: Pick<vscode.Memento, "get" | "update">;
  readonly #workspace: Pick<vscode.Memento, "get" | "update">;

  constructor(global: Pick<vscode.Memento, "get" | "update">, workspace: Pick<vscode.Memento, "get" | "update">) {
    this.#global = global;
    this.#workspace = workspace;
  }

  get users(): readonly UserConnection[] {
    return this.#global.get<readonly UserConnection[]>(USERS, []);
  }

  /** In place of the one that has its name, if any. */
  async keep(connection: UserConnection): Promise<void> {
    await this.#global.update(USERS, [...this.users.filter(({ name }) => name !== connection.name), connection]);
  }

  async forget(name: string): Promise<void> {
    await this.#global.update(USERS, this.users.filter((connection) => connection.name !== name));
  }

  /** URL of a folder's own nats-server, running or not. */
  localNats(folder: string): string | undefined {
    return this.#servers[folder];
  }

  async keepLocalNats(folder: string, url: string | undefined): Promise<void> {
    const others = Object.entries(this.#servers).filter(([other]) => other !== folder);
    await this.#workspace.update(LOCAL_NATS, Object.fromEntries(url === undefined ? others : [...others, [folder, url]]));
  }

  get #servers(): Readonly<Record<string, string>> {
    return this.#workspace.get<Readonly<Record<string, string>>>(LOCAL_NATS, {});
  }
}
