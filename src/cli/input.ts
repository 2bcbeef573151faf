import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { type Lines, linesIn } from "../client/transfer/lines.ts";
import { bytesOfBase64, utf8 } from "../client/transfer/text.ts";
import { bytesPayload, invalidInput, jsonTextPayload, MAX_PAYLOAD_BYTES, QueuescopeError, textPayload } from "../core/index.ts";
import type { Payload } from "../core/index.ts";
import { UsageError } from "./usage-error.ts";

/** auto: JSON if it parses, otherwise text. */
export type PayloadForm = "auto" | "json" | "text" | "bytes";

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
      return bytesPayload(bytesOfBase64(text));
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

// ---------------------------------------------------------------- lines

export async function linesOf(argument: string | undefined, file: string | undefined): Promise<Lines> {
  const source = dataSource(argument, file);
  switch (source.kind) {
    case "argument":
      return () => linesIn([Buffer.from(source.text)]);
    case "file":
      await stat(source.file).catch((error: unknown) => { throw unreadable(source.file, error); });
      return () => linesIn(fileChunks(source.file));
    case "stdin": {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
      return () => linesIn(chunks);
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
