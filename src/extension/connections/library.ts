import { access } from "node:fs/promises";
import type { Broker } from "../../core/index.ts";
import type { ConnectionPlan } from "./folder.ts";

export interface OpenedBroker {
  readonly broker: Broker;
  readonly close: () => Promise<void>;
}

/** Loads the drivers, on first use, and opens a plan's broker. `create` false: undefined where its file isn't there yet. */
export async function openBroker(plan: ConnectionPlan, folder: string, create: boolean, encryptionKey: string | undefined): Promise<OpenedBroker | undefined> {
  const { connect, databasePath } = await import("../../client/connect.ts");
  const options = { url: plan.url, cwd: folder, readOnly: plan.readOnly, encryptionKey };
  const path = databasePath(options);
  if (!create && !(await access(path).then(() => true, () => false))) return undefined;
  const connection = await connect(options);
  return { broker: connection.broker, close: () => connection.close() };
}
