import { type Broker, isQueuescopeError } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";

/** The same id may exist in several files; the first connection that has the message or dead letter is meant. */
export async function connectionWith(connections: readonly Connection[], id: string): Promise<Connection | undefined> {
  for (const connection of connections) {
    // What is out of reach isn't asked.
    if (connection.state === "lost") continue;
    // One that can't be opened says so in the Queues view; the id may be in the next.
    const broker = await connection.existing().catch(() => undefined);
    if (broker !== undefined && (await has(broker, id))) return connection;
  }
  return undefined;
}

async function has({ inspect }: Broker, id: string): Promise<boolean> {
  if (!id.startsWith("d")) return (await inspect.exists([id])).length > 0;
  try {
    await inspect.deadLetter(id);
    return true;
  } catch (error) {
    if (isQueuescopeError(error, "message-not-found")) return false;
    throw error;
  }
}
