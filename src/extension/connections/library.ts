import type { LogFields, Logger } from "../../client/log.ts";
import type { Broker } from "../../core/index.ts";
import type { ConnectionPlan } from "./folder.ts";

export interface OpenedBroker {
  readonly broker: Broker;
  readonly close: () => Promise<void>;
}

export interface OpenSettings {
  /** Where relative URLs start, and where the workspace's own file is looked for. */
  readonly folder: string;
  /** False: `undefined` where its file isn't there yet. */
  readonly create: boolean;
  /** Told which file isn't there. */
  readonly onAbsent?: (path: string) => void;
  readonly encryptionKey: string | undefined;
  readonly log: Pick<Logger, "warn" | "error">;
}

/** Loads the drivers, on first use, and opens a plan's broker. */
export async function openBroker(plan: ConnectionPlan, { folder, create, onAbsent, encryptionKey, log }: OpenSettings): Promise<OpenedBroker | undefined> {
  const [{ connect }, { missingFile }] = await Promise.all([import("../../client/connect.ts"), import("../../client/place.ts")]);
  const place = { url: plan.url, cwd: folder };
  const missing = create ? null : missingFile(place);
  if (missing !== null) {
    onAbsent?.(missing);
    return undefined;
  }
  // The editor's event loop is not for checkpoints.
  const connection = await connect({ ...place, readOnly: plan.readOnly, encryptionKey, housekeeping: "thread", logger: quiet(log) });
  return { broker: connection.broker, close: () => connection.close() };
}

/** What goes wrong in the background is logged; what goes right is not worth a line. */
function quiet(log: OpenSettings["log"]): Logger {
  const line = (message: string, fields: LogFields = {}): string => `${message} ${JSON.stringify(fields)}`;
  return { debug: () => undefined, info: () => undefined, warn: (message, fields) => { log.warn(line(message, fields)); }, error: (message, fields) => { log.error(line(message, fields)); } };
}
