import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect, type ConnectOptions } from "../../src/client/connect.ts";
import type { Connection } from "../../src/client/connection.ts";
import { temporaryFolder } from "./folder.ts";

/** A connection to a file of its own, closed before the file is removed. */
export async function openQueues(context: Pick<TestContext, "after">, options: ConnectOptions = {}): Promise<Connection> {
  const folder = await temporaryFolder(context);
  const queues = await connect({ url: join(folder, "queues.db"), ...options });
  context.after(() => queues.close());
  return queues;
}
