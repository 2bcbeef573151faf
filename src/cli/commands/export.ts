import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { checkPlaintext, exportedParts } from "../../client/transfer/export.ts";
import { QueuescopeError } from "../../core/index.ts";
import type { Broker } from "../../core/index.ts";
import { withExamples } from "../examples.ts";
import type { Act, Session } from "../session.ts";
import { plural, printable } from "../text.ts";

export function exportCommand(act: Act): CommandUnknownOpts {
  const command = new Command("export")
    .description("Write the messages of a queue to a file, a JSON object a line, with all that import needs. Changes nothing.")
    .argument("<queue>", "the queue")
    .argument("<file>", "the file; - is standard output")
    .option("--plaintext", "allow the messages of an encrypted queue to be written in the clear")
    .action(act(async (session, queue, file, options) => {
      const broker = await session.existing();
      await checkPlaintext(broker, queue, options.plaintext === true);
      const count = file === "-" ? await toStdout(session, broker, queue) : await toFile(session, broker, queue, file);
      const text = `Exported ${plural(count, "message")} of ${printable(queue)}${file === "-" ? "" : ` to ${file}`}.`;
      if (file === "-") session.out.note(text);
      else session.out.show([{ queue, file, exported: count }], () => [text]);
    }));
  return withExamples(command, "queuescope export orders orders.ndjson", "queuescope export orders - | gzip > orders.ndjson.gz");
}

async function* lines(session: Session, broker: Broker, queue: string, count: (more: number) => void): AsyncGenerator<string> {
  for await (const part of exportedParts(broker, queue)) {
    yield part.text;
    count(part.count);
    session.checkpoint("Stopped before the end.");
  }
}

async function toStdout(session: Session, broker: Broker, queue: string): Promise<number> {
  let total = 0;
  for await (const text of lines(session, broker, queue, (more) => { total += more; })) {
    session.out.write(text);
    await session.out.drained();
  }
  return total;
}

/** Under another name until it is whole, so that an interruption leaves no half export. */
async function toFile(session: Session, broker: Broker, queue: string, file: string): Promise<number> {
  const partial = `${file}.${process.pid}.partial`;
  let total = 0;
  try {
    await pipeline(lines(session, broker, queue, (more) => { session.out.progress(`${total += more} exported`); }), createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw unwritable(file, error);
  }
  return total;
}

function unwritable(file: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return new QueuescopeError("permission-denied", `${file} can't be written: permission denied.`, { field: "file", cause: error });
  if (code === "ENOSPC") return new QueuescopeError("storage-full", `${file} can't be written: the disk is full.`, { field: "file", cause: error });
  if (code === "ENOENT" || code === "EISDIR" || code === "ENOTDIR") return new QueuescopeError("invalid-input", `${file} can't be written: ${message}.`, { field: "file", cause: error });
  return error;
}
