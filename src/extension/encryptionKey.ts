import type * as vscode from "vscode";

const SECRET = "queuescope.encryptionKey";

/** The key of encrypted queues, in the editor's secret storage; the environment's comes first, as for the CLI. */
export class EncryptionKey {
  readonly #secrets: vscode.SecretStorage;

  constructor(secrets: vscode.SecretStorage) {
    this.#secrets = secrets;
  }

  async get(): Promise<string | undefined> {
    const fromEnvironment = process.env["QUEUESCOPE_ENCRYPTION_KEY"];
    return fromEnvironment === undefined || fromEnvironment === "" ? this.#secrets.get(SECRET) : fromEnvironment;
  }

  async set(key: string): Promise<void> {
    if (key === "") await this.#secrets.delete(SECRET);
    else await this.#secrets.store(SECRET, key);
  }
}
