import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

/** Names the address in a worker's environment. */
export const HANDOVER = "QUEUESCOPE_SECRETS_FROM";

/** A worker that hasn't come for them by then isn't coming. */
const PATIENCE_MS = 60_000;

const GONE = "The editor doesn't offer its secrets any more. Start the worker again from the editor.";

/** What a worker needs and nobody else is to see. */
export interface Secrets {
  readonly encryptionKey?: string | undefined;
  /** Where its server is, and how it logs in there. */
  readonly url?: string | undefined;
  readonly credentials?: string | undefined;
}

export interface Handover {
  /** What the worker is told: whoever has it can ask for the secrets, which are then gone. */
  readonly address: string;
  readonly close: () => Promise<void>;
}

/**
 * Hands secrets to a worker through a socket that only this user can open, so that they stand in no
 * environment: other extensions see that of a terminal, other programs that of a process, and whatever
 * a worker starts has it too. `again`: for a worker that may be started several times, until `close`.
 */
export async function offerSecrets(secrets: Secrets, { again }: { readonly again: boolean }): Promise<Handover> {
  const address = process.platform === "win32" ? `\\\\.\\pipe\\queuescope-${randomUUID()}` : join(await mkdtemp(join(tmpdir(), "queuescope-")), "key");
  let given = false;
  const server = createServer((socket) => {
    // A worker that died while it asked has no use for an answer.
    socket.on("error", () => undefined);
    if (given && !again) {
      socket.destroy();
      return;
    }
    given = true;
    socket.end(JSON.stringify(secrets));
    if (!again) void close();
  });
  const patience = again ? undefined : setTimeout(() => void close(), PATIENCE_MS).unref();
  const close = async (): Promise<void> => {
    clearTimeout(patience);
    server.close();
    if (process.platform !== "win32") await rm(dirname(address), { recursive: true, force: true });
  };
  server.listen(address).unref();
  await once(server, "listening");
  return { address, close };
}

/** @throws when nobody offers them any more */
export async function takeSecrets(address: string): Promise<Secrets> {
  const socket = connect(address);
  try {
    const secrets = await text(socket);
    if (secrets !== "") return JSON.parse(secrets) as Secrets;
  } catch (cause) {
    throw new Error(GONE, { cause });
  }
  throw new Error(GONE);
}
