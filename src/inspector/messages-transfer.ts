import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { checkPlaintext, exportedParts } from "../client/transfer/export.ts";
import { type ImportCounts, importLines } from "../client/transfer/import.ts";
import { checkedLines, linesIn } from "../client/transfer/lines.ts";
import { importedItem } from "../client/transfer/ndjson.ts";
import type { Handlers } from "./handlers.ts";
import type { Source } from "./host.ts";

const NOTHING: ImportCounts = { imported: 0, duplicates: 0, finished: 0, expired: 0 };
/** Lines between two words about how far the check is. */
const TELL_EVERY = 5_000;

/** Messages to a file and from one, as `queuescope export` and `import` do it. */
export const messageTransferHandlers = {
  "messages.export": async ({ queue, filter, plaintext }, call) => {
    const { broker, host, signal } = call;
    // Refused before anybody is asked where to.
    await checkPlaintext(broker, queue, plaintext);
    const sink = await host.files.save(`${queue.replaceAll(/[^\w.-]/g, "_")}.ndjson`);
    if (sink === undefined) return { name: null, count: 0 };
    let count = 0;
    try {
      for await (const part of exportedParts(broker, queue, filter)) {
        signal.throwIfAborted();
        if (part.text !== "") await sink.write(part.text);
        call.progress({ count: count += part.count });
      }
      await sink.close();
    } catch (error) {
      await sink.abandon();
      throw error;
    }
    return { name: sink.name, count };
  },

  "messages.import": async ({ queue, all }, call) => {
    const { broker, host, signal } = call;
    const source = await host.files.open();
    if (source === undefined) return { name: null, counts: NOTHING };
    await using copy = await spooled(source, signal);
    let read = 0;
    const total = await checkedLines(() => linesIn(copy.chunks()), (line) => {
      signal.throwIfAborted();
      importedItem(line);
      read += 1;
      if (read % TELL_EVERY === 0) call.progress({ phase: "reading", done: read, total: null });
    });
    let counts = NOTHING;
    for await (counts of importLines(broker, queue, () => linesIn(copy.chunks()), { all })) {
      call.progress({ phase: "pushing", done: counts.imported + counts.duplicates + counts.finished + counts.expired, total });
      signal.throwIfAborted();
    }
    return { name: source.name, counts };
  },
} satisfies Handlers<"messages.export" | "messages.import">;

interface Spooled extends AsyncDisposable {
  chunks(): AsyncIterable<Buffer>;
}

/** A file of ours, since what is sent can be read once only, and every line is checked before the first is pushed. */
async function spooled(source: Source, signal: AbortSignal): Promise<Spooled> {
  const folder = await mkdtemp(join(tmpdir(), "queuescope-import-"));
  const file = join(folder, "lines");
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(source.chunks(), createWriteStream(file, { mode: 0o600 }), { signal });
  } catch (error) {
    await remove();
    throw error;
  }
  return { chunks: () => createReadStream(file), [Symbol.asyncDispose]: remove };
}
