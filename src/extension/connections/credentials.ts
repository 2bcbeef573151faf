import type * as vscode from "vscode";
import { serversOf } from "../../client/credentials.ts";
import type { ConnectionPlan } from "./folder.ts";

type Secrets = Pick<vscode.SecretStorage, "get" | "store" | "delete">;

interface Stored {
  readonly servers: string;
  readonly secret: string;
}

/** A login that has to be given before a connection can be opened. */
export class CredentialsMissing extends Error {}

/**
 * Logins of connections, in the editor's secret storage. Each is kept for the servers that it was given for: a
 * queuescope.json that names it for another server doesn't get it.
 */
export class Credentials {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** `undefined`: none is needed. @throws CredentialsMissing */
  async of({ url = "", credentials }: Pick<ConnectionPlan, "url" | "credentials">): Promise<string | undefined> {
    if (credentials === undefined) return undefined;
    if ("env" in credentials) {
      const secret = process.env[credentials.env];
      if (secret === undefined || secret === "") throw new CredentialsMissing(`The login of ${serversOf(url)} should be in the environment variable ${credentials.env}, which the editor doesn't have. Set it where the editor is started, and start it again.`);
      return secret;
    }
    const stored = await this.#stored(credentials.secret);
    if (stored === undefined) throw new CredentialsMissing(`The login ${credentials.secret} isn't in this editor's secret storage. Give it with Set Credentials.`);
    if (stored.servers !== serversOf(url)) throw new CredentialsMissing(`The login ${credentials.secret} was given for ${stored.servers}, and isn't sent to ${serversOf(url)}. If it is meant for that server too, give it again with Set Credentials.`);
    return stored.secret;
  }

  async store(name: string, url: string, secret: string): Promise<void> {
    await this.#secrets.store(key(name), JSON.stringify({ servers: serversOf(url), secret } satisfies Stored));
  }

  async delete(name: string): Promise<void> {
    await this.#secrets.delete(key(name));
  }

  async #stored(name: string): Promise<Stored | undefined> {
    const text = await this.#secrets.get(key(name));
    return text === undefined ? undefined : (JSON.parse(text) as Stored);
  }
}

function key(name: string): string {
  return `queuescope.credentials.${name}`;
}
