import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { bytesPayload, invalidInput, jsonTextPayload, MAX_PAYLOAD_BYTES, QueuescopeError, textPayload } from "../core/index.ts";
import type { Payload } from "../core/index.ts";
import { UsageError } from "./usage-error.ts";

/** auto: JSON if it parses, otherwise text. */
export type PayloadForm = "auto" | "json" | "text" | "bytes";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a file or standard input holds, or what stands on the command line. */
export type Data = string | Uint8Array;

/** The data of a command that takes one: DATA, - or --file. */
export async function readData(argument: string | undefined, file: string | undefined): Promise<Data> {
  const source = dataSource(argument, file);
  if (source.kind === "argument") return source.text;
  if (source.kind === "stdin") return await readStdin();
  await refuseOversize(source.file);
  return await readFile(source.file).catch((error: unknown) => { throw unreadable(source.file, error); });
}

/** Base64 decodes to a third less, blanks aside; whatever is longer than this can't be a payload. */
async function refuseOversize(file: string): Promise<void> {
  const { size } = await stat(file).catch((error: unknown) => { throw unreadable(file, error); });
  if (size > 2 * MAX_PAYLOAD_BYTES) throw tooLarge(`${file} has ${size} bytes`);
}

function tooLarge(what: string): QueuescopeError {
  return new QueuescopeError("payload-too-large", `${what}; the most for a message is ${MAX_PAYLOAD_BYTES} (64 MiB). Store it elsewhere and push a reference to it.`, { field: "data" });
}

type Source = { readonly kind: "argument"; readonly text: string } | { readonly kind: "stdin" } | { readonly kind: "file"; readonly file: string };

function dataSource(argument: string | undefined, file: string | undefined): Source {
  if (argument !== undefined && file !== undefined) throw new UsageError("Give the data or --file, not both.");
  if (file !== undefined) return file === "-" ? { kind: "stdin" } : { kind: "file", file };
  if (argument === undefined) throw new UsageError("The data is missing. Give it as an argument, as - for standard input, or with --file.");
  return argument === "-" ? { kind: "stdin" } : { kind: "argument", text: argument };
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > 2 * MAX_PAYLOAD_BYTES) throw tooLarge(`Standard input has more than ${size} bytes`);
  }
  return Buffer.concat(chunks);
}

export function unreadable(file: string, error: unknown): QueuescopeError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return invalidInput("file", `There is no file ${file}.`);
  if (code === "EISDIR") return invalidInput("file", `${file} is a folder, not a file.`);
  if (code === "EACCES" || code === "EPERM") return new QueuescopeError("permission-denied", `${file} can't be read: permission denied.`, { field: "file", cause: error });
  return new QueuescopeError("unavailable", `${file} can't be read: ${(error as Error).message}.`, { field: "file", cause: error });
}

/** @throws invalid-input when the form was demanded and the data hasn't it */
export function asPayload(data: Data, form: PayloadForm): Payload {
  const text = typeof data === "string" ? data : utf8(data);
  switch (form) {
    case "bytes":
      return bytesPayload(base64(text));
    case "text":
      if (text === undefined) throw invalidInput("data", "data is not UTF-8 text. Push it as base64 with --bytes.");
      return textPayload(text);
    case "json":
      if (text === undefined) throw invalidInput("data", "data is not UTF-8 text, so it isn't JSON.");
      return jsonTextPayload(text.trim());
    case "auto":
      // What isn't text can only be bytes, for example a picture given by --file.
      if (text === undefined) return bytesPayload(data as Uint8Array);
      return isJson(text) ? jsonTextPayload(text.trim()) : textPayload(text);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function base64(text: string | undefined): Uint8Array {
  const digits = text?.replace(/\s+/g, "") ?? "";
  if (text === undefined || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(digits) || digits.replace(/=+$/, "").length % 4 === 1) {
    throw invalidInput("data", "data is not base64, which --bytes takes. Encode it first, for example with the base64 command.");
  }
  return Buffer.from(digits, "base64");
}

// ---------------------------------------------------------------- lines

export interface Line {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Lines that can be read again: first to check them all, then to push them. Blank ones are skipped. */
export type Lines = () => AsyncGenerator<Line>;

export async function linesOf(argument: string | undefined, file: string | undefined): Promise<Lines> {
  const source = dataSource(argument, file);
  switch (source.kind) {
    case "argument":
      return () => split([Buffer.from(source.text)]);
    case "file":
      await stat(source.file).catch((error: unknown) => { throw unreadable(source.file, error); });
      return () => split(fileChunks(source.file));
    case "stdin": {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
      return () => split(chunks);
    }
  }
}

async function* fileChunks(file: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** More than base64 of the largest payload with everything around it. */
const MAX_LINE_BYTES = 2 * MAX_PAYLOAD_BYTES;

async function* split(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let line = 0;
  let open: Buffer[] = [];
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
    if (size > MAX_LINE_BYTES) throw tooLarge(`Line ${line + 1} has more than ${size} bytes`);
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
