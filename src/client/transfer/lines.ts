import { invalidInput, MAX_PAYLOAD_BYTES, QueuescopeError } from "../../core/index.ts";
import { utf8 } from "./text.ts";

export interface Line {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Lines that can be read again: first to check them all, then to push them. Blank ones are skipped. */
export type Lines = () => AsyncGenerator<Line>;

/** More than base64 of the largest payload with everything around it. */
const MAX_LINE_BYTES = 2 * MAX_PAYLOAD_BYTES;

/** Lines of UTF-8 text, however it is cut into chunks; blank ones are skipped. */
export async function* linesIn(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let line = 0;
  let open: Uint8Array[] = [];
  let size = 0;
  const take = (): Line | undefined => {
    line += 1;
    const text = utf8(Buffer.concat(open));
    open = [];
    size = 0;
    if (text === undefined) throw invalidInput("data", `Line ${line} is not UTF-8 text.`);
    return text.trim() === "" ? undefined : { line, text };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
      open.push(chunk.subarray(from, to));
      from = to + 1;
      const taken = take();
      if (taken !== undefined) yield taken;
    }
    open.push(chunk.subarray(from));
    size += chunk.byteLength - from;
    if (size > MAX_LINE_BYTES) throw new QueuescopeError("payload-too-large", `Line ${line + 1} has more than ${size} bytes; the most for a message is ${MAX_PAYLOAD_BYTES} (64 MiB). Store it elsewhere and push a reference to it.`, { field: "data" });
  }
  const last = take();
  if (last !== undefined) yield last;
}

/** Reads every line once, before anything is changed. @returns how many there are */
export async function checkedLines(lines: Lines, check: (text: string) => unknown): Promise<number> {
  let count = 0;
  for await (const { line, text } of lines()) {
    try {
      check(text);
    } catch (error) {
      if (!(error instanceof QueuescopeError)) throw error;
      throw new QueuescopeError(error.code, `Line ${line}: ${error.message} Nothing was pushed.`, { field: error.field ?? "data", cause: error });
    }
    count += 1;
  }
  return count;
}

const BATCH_LINES = 500;
const BATCH_CHARACTERS = 4 * 1024 * 1024;

export async function* batches(lines: Lines): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  let characters = 0;
  for await (const line of lines()) {
    batch.push(line);
    characters += line.text.length;
    if (batch.length < BATCH_LINES && characters < BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}
