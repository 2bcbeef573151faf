import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { type ImportCounts, importLines } from "../../client/transfer/import.ts";
import { checkedLines } from "../../client/transfer/lines.ts";
import { importedItem } from "../../client/transfer/ndjson.ts";
import { withExamples } from "../examples.ts";
import { linesOf } from "../input.ts";
import type { Act } from "../session.ts";
import { plural, printable } from "../text.ts";

export function importCommand(act: Act): CommandUnknownOpts {
  const command = new Command("import")
    .description("Push the messages of an export: data, encoding, headers, partition, transaction id, priority, and the times of scheduled and expiring ones. Every line is checked before the first is pushed. A transaction id that the queue still remembers isn't stored again.")
    .argument("<queue>", "the queue; it is created if missing")
    .argument("<file>", "the file; - is standard input")
    .option("--all", "also messages that were completed or dead when they were exported")
    .option("--no-create", "refuse a queue that doesn't exist")
    .action(act(async (session, queue, file, options) => {
      const lines = await linesOf(undefined, file);
      const total = await checkedLines(lines, importedItem);
      const broker = await session.broker();
      let counts: ImportCounts = { imported: 0, duplicates: 0, finished: 0, expired: 0 };
      const stop = (): void => { session.checkpoint(`${plural(counts.imported, "message")} were imported into ${queue} before the interruption.`); };
      stop();
      for await (counts of importLines(broker, queue, lines, { all: options.all, create: options.create })) {
        session.out.progress(`${counts.imported} of ${total} imported`);
        stop();
      }
      session.out.show([{ queue, ...counts }], () => [
        `Imported ${plural(counts.imported, "message")} into ${printable(queue)}.`,
        ...(counts.duplicates > 0 ? [`  ${counts.duplicates} left out: their transaction id is there already`] : []),
        ...(counts.finished > 0 ? [`  ${counts.finished} left out: completed or dead when exported (--all imports them too)`] : []),
        ...(counts.expired > 0 ? [`  ${counts.expired} left out: expired`] : []),
      ]);
    }));
  return withExamples(command, "queuescope import orders orders.ndjson", "gunzip -c orders.ndjson.gz | queuescope import orders -");
}
