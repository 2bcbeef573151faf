/**
 * `broker.ts DB|URL [UID]`: a broker that does what its parent says, one call at a time. A call is answered with
 * `{ value }` or `{ error: { code, message } }`; before the first, it says so whether the file could be opened.
 */
import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type Broker, isQueuescopeError } from "../../../src/core/index.ts";
import { openAt } from "../support/open.ts";

export type Facet = "queues" | "messages" | "inspect" | "repair";
export type Order =
  | { readonly facet: Facet; readonly method: string; readonly args: readonly unknown[] }
  | { readonly remove: string }
  | { readonly checkIntegrity: true };

const [, , path = "", uid] = process.argv;

async function carryOut(broker: Broker, order: Order): Promise<unknown> {
  if ("remove" in order) {
    rmSync(order.remove);
    return null;
  }
  if ("checkIntegrity" in order) return integrity();
  const facet = broker[order.facet] as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
  const value = (await facet[order.method]?.(...order.args)) ?? null;
  return Array.isArray(value) ? value.map(withPlainError) : value;
}

function integrity(): unknown {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db.prepare("PRAGMA integrity_check").get()?.["integrity_check"];
  } finally {
    db.close();
  }
}

function withPlainError(result: unknown): unknown {
  if (typeof result !== "object" || result === null || !("error" in result) || !isQueuescopeError(result.error)) return result;
  return { ...result, error: result.error.toJSON() };
}

async function answer(work: Promise<unknown>): Promise<void> {
  try {
    process.send?.({ value: await work });
  } catch (error) {
    if (!isQueuescopeError(error)) throw error;
    process.send?.({ error: error.toJSON() });
  }
}

async function open(): Promise<null> {
  const broker = await openAt(path);
  process.on("message", (order: Order) => void answer(carryOut(broker, order)));
  return null;
}

// Root may do anything, so a test of permissions steps down first.
if (uid !== undefined) process.setuid?.(Number(uid));
await answer(open());
