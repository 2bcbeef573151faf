import { type Broker, QueuescopeError } from "../../core/index.ts";
import { batches, type Lines } from "./lines.ts";
import { importedItem } from "./ndjson.ts";

export interface ImportCounts {
  readonly imported: number;
  /** Left out: their transaction id is there already. */
  readonly duplicates: number;
  /** Left out: completed or dead when they were exported. */
  readonly finished: number;
  /** Left out: expired. */
  readonly expired: number;
}

export interface ImportOptions {
  /** Also those that were completed or dead when they were exported. */
  readonly all?: boolean | undefined;
  readonly create?: boolean | undefined;
}

/**
 * Pushes checked lines, batch by batch, and tells after each one how far it is. Whoever stops asking stops the import.
 * @throws whatever push throws; `partial-push` naming the line once something was stored
 */
export async function* importLines(broker: Broker, queue: string, lines: Lines, { all = false, create = true }: ImportOptions = {}): AsyncGenerator<ImportCounts> {
  const counts = { imported: 0, duplicates: 0, finished: 0, expired: 0 };
  for await (const batch of batches(lines)) {
    const now = Date.now();
    const read = batch.map(({ line, text }) => ({ line, ...importedItem(text, now) }));
    const wanted = read.filter(({ finished }) => all || !finished);
    const alive = wanted.filter(({ expired }) => !expired);
    if (alive.length > 0) {
      const results = await broker.messages.push(queue, alive.map(({ item }) => item), { create })
        .catch((error: unknown) => { throw stoppedAt(error, alive[0]?.line ?? 0, counts.imported + counts.duplicates); });
      const duplicates = results.filter(({ status }) => status === "duplicate").length;
      counts.duplicates += duplicates;
      counts.imported += results.length - duplicates;
    }
    counts.finished += read.length - wanted.length;
    counts.expired += wanted.length - alive.length;
    yield { ...counts };
  }
}

/** Says what was stored when a later batch is refused. */
export function stoppedAt(error: unknown, line: number, pushed: number): unknown {
  if (pushed === 0 || !(error instanceof QueuescopeError)) return error;
  return new QueuescopeError("partial-push", `Stopped at line ${line}: ${error.message} The ${pushed === 1 ? "1 message" : `${pushed} messages`} before that line ${pushed === 1 ? "was" : "were"} pushed; continue from there.`, { cause: error });
}
