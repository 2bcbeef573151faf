import type { Payload, StoredFormat } from "../../../core/index.ts";
import { looksPickled, pickleJson, unpickle } from "./pickle.ts";
import { readTask } from "./task.ts";

/** A payload of somebody else's, in a form that people can read. */
export interface Shown {
  readonly payload: Payload;
  readonly format: StoredFormat;
  /** Why it is shown raw; `null` when it could be read. */
  readonly note: string | null;
}

/** Deeper JSON overflows the stack of whoever walks it. */
const MOST_DEPTH = 1_000;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Never throws: what can't be read is shown as it is, with the reason. */
export function shown(bytes: Uint8Array): Shown {
  if (looksPickled(bytes)) {
    try {
      return json(pickleJson(unpickle(bytes)), "pickle");
    } catch (error) {
      return raw(bytes, `It looks like a Python pickle, but can't be read: ${reason(error)}.`);
    }
  }
  const text = utf8(bytes);
  if (text !== undefined && isJson(text)) return jsonDepth(text) > MOST_DEPTH ? asText(bytes, `Its JSON is nested more than ${MOST_DEPTH} levels deep, so it is shown as text.`) : { payload: { encoding: "json", bytes }, format: "json", note: null };
  try {
    return json(taskJson(bytes), "protoqueue");
  } catch {
    // Most payloads are no tasks; then it is what it is.
    return text === undefined ? raw(bytes, null) : asText(bytes, null);
  }
}

export function raw(bytes: Uint8Array, note: string | null): Shown {
  return { payload: { encoding: "bytes", bytes }, format: "bytes", note };
}

function asText(bytes: Uint8Array, note: string | null): Shown {
  return { payload: { encoding: "text", bytes }, format: "text", note };
}

function json(text: string, format: StoredFormat): Shown {
  return { payload: jsonPayload(text), format, note: null };
}

export function jsonPayload(text: string): Payload {
  return { encoding: "json", bytes: new Uint8Array(Buffer.from(text)) };
}

/** Of the whole task, for who looks at the stream instead of the queue. */
function taskJson(bytes: Uint8Array): string {
  const { id, data, ...metadata } = readTask(bytes);
  const text = utf8(data);
  if (text === undefined || !isJson(text)) throw new Error("its data isn't JSON");
  return `{"id":${JSON.stringify(id)},"data":${text},"metadata":${JSON.stringify(metadata)}}`;
}

export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Of text that is JSON. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (quoted) {
      if (character === "\\") i += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "[" || character === "{") deepest = Math.max(deepest, ++depth);
    else if (character === "]" || character === "}") depth -= 1;
  }
  return deepest;
}

export function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
