import type * as vscode from "vscode";

const SECRET = "queuescope.encryptionKey";

/** The key of encrypted queues, in the editor's secret storage; the environment's comes first, as for the CLI. */
export class EncryptionKey {
  readonly #secrets: Pick<vscode.SecretStorage, "get" | "store" | "delete">;
  readonly #warn: (message: string) => void;
  #warned = false;

  constructor(secrets: Pick<vscode.SecretStorage, "get" | "store" | "delete">, warn: (message: string) => void) {
    this.#secrets = secrets;
    this.#warn = warn;
  }

  /** Whether a stored key isn't used, because the editor was started with one in its environment. */
  get isOverridden(): boolean {
    return environmentKey() !== undefined;
  }

  async get(): Promise<string | undefined> {
    const stored = await this.#secrets.get(SECRET);
    const key = environmentKey() ?? stored;
    if (stored !== undefined && stored !== key && !this.#warned) {
      this.#warned = true;
      this.#warn("The encryption key in the editor's secret storage is not used: QUEUESCOPE_ENCRYPTION_KEY, which is set in the editor's environment, comes first.");
    }
    return key;
  }

  async set(key: string): Promise<void> {
    this.#warned = false;
    if (key === "") await this.#secrets.delete(SECRET);
    else await this.#secrets.store(SECRET, key);
  }
}

function environmentKey(): string | undefined {
  const key = process.env["QUEUESCOPE_ENCRYPTION_KEY"];
  return key === "" ? undefined : key;
}
