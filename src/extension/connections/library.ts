import type { ConnectOptions } from "../../client/connect.ts";
import type { Connection as Client } from "../../client/connection.ts";
import { loginWith } from "../../client/credentials.ts";
import type { LogFields, Logger } from "../../client/log.ts";
import type { Broker } from "../../core/index.ts";
import type { ConnectionPlan } from "./folder.ts";

export interface OpenedBroker {
  readonly broker: Broker;
  readonly close: () => Promise<void>;
  /** The library's own, for taps. */
  readonly client?: Client;
  /** How a worker gets to the same server; its URL may say more than the broker's, and nobody else is to read it. */
  readonly server?: { readonly url: string; readonly credentials: string | undefined };
}

export interface OpenSettings {
  /** Where relative URLs start, and where the workspace's own file is looked for. */
  readonly folder: string;
  /** False: `undefined` where its file isn't there yet. */
  readonly create: boolean;
  /** Told which file isn't there. */
  readonly onAbsent?: (path: string) => void;
  readonly encryptionKey: string | undefined;
  /** Its login. */
  readonly credentials?: string | undefined;
  /** Asked before a program is run for a secret, as some contexts of the nats CLI want. */
  readonly allowProgram?: NonNullable<ConnectOptions["nats"]>["allowProgram"];
  readonly log: Pick<Logger, "warn" | "error">;
}

/** Loads the drivers, on first use, and opens a plan's broker. */
export async function openBroker(plan: Pick<ConnectionPlan, "url" | "readOnly">, { folder, create, onAbsent, encryptionKey, credentials, allowProgram, log }: OpenSettings): Promise<OpenedBroker | undefined> {
  const [{ connect }, { missingFile, placeOf }] = await Promise.all([import("../../client/connect.ts"), import("../../client/place.ts")]);
  const place = { url: plan.url, cwd: folder };
  const missing = create ? null : missingFile(place);
  if (missing !== null) {
    onAbsent?.(missing);
    return undefined;
  }
  const found = placeOf(place);
  const login = found.kind === "nats" && credentials !== undefined ? loginWith(found.url, credentials) : {};
  // The editor's event loop is not for checkpoints.
  const connection = await connect({ ...place, readOnly: plan.readOnly, encryptionKey, housekeeping: "thread", logger: quiet(log), ...(found.kind === "nats" ? { nats: { ...login, allowProgram } } : {}) });
  return { broker: connection.broker, close: () => connection.close(), client: connection, ...(found.kind === "nats" ? { server: { url: found.url, credentials } } : {}) };
}

/** What goes wrong in the background is logged; what goes right is not worth a line. */
function quiet(log: OpenSettings["log"]): Logger {
  const line = (message: string, fields: LogFields = {}): string => `${message} ${JSON.stringify(fields)}`;
  return { debug: () => undefined, info: () => undefined, warn: (message, fields) => { log.warn(line(message, fields)); }, error: (message, fields) => { log.error(line(message, fields)); } };
}
