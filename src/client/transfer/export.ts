import { type Broker, type BrowseRequest, QueuescopeError } from "../../core/index.ts";
import { exportedLine } from "./ndjson.ts";

export interface ExportedPart {
  /** Whole lines. */
  readonly text: string;
  readonly count: number;
}

/** @throws invalid-input for an encrypted queue whose content isn't allowed to be written readable */
export async function checkPlaintext(broker: Broker, queue: string, plaintext: boolean): Promise<void> {
  const { options } = await broker.queues.get(queue);
  if (options.encryptionEnabled && !plaintext) {
    throw new QueuescopeError("invalid-input", `${queue} is encrypted, and an export isn't. Allow it to be written in the clear with plaintext (--plaintext).`, { field: "plaintext", queue });
  }
}

/** The lines of all messages that match, in order of entry, a page in memory at a time. Whoever stops taking them stops the reading. */
export async function* exportedParts(broker: Broker, queue: string, filter: Omit<BrowseRequest, "order" | "after" | "limit"> = {}): AsyncGenerator<ExportedPart> {
  let after: string | undefined;
  do {
    const { items, next } = await broker.inspect.browse(queue, { ...filter, after, limit: 500 });
    yield { text: items.map((message) => `${exportedLine(message)}\n`).join(""), count: items.length };
    after = next ?? undefined;
  } while (after !== undefined);
}
