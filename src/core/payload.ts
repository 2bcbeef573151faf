import type { Payload } from "./encoding.ts";
import { invalidInput, QueuescopeError } from "./errors.ts";

/** Largest payload, in bytes: 64 MiB. */
export const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

/** Deeper values overflow the stack of whoever walks them recursively. */
const MAX_DEPTH = 1_000;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function textPayload(text: string): Payload {
  if (!text.isWellFormed()) throw invalidInput("data", "data is not valid Unicode: it holds half of a surrogate pair. Push it as bytes instead.");
  return sized({ encoding: "text", bytes: utf8(text) });
}

export function bytesPayload(bytes: Uint8Array): Payload {
  return sized({ encoding: "bytes", bytes });
}

/** JSON given as text; the text itself is what is stored. @throws invalid-input when it doesn't parse */
export function jsonTextPayload(text: string): Payload {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new QueuescopeError("invalid-input", `data is not JSON: ${(cause as Error).message}. Correct it; text needs double quotes in JSON.`, { field: "data", cause });
  }
  return sized({ encoding: "json", bytes: utf8(text) });
}

/**
 * A JavaScript value: Uint8Array becomes bytes, everything else JSON (a string too: it is a JSON string).
 * @throws invalid-input naming the path of an undefined, function, symbol, BigInt, non-finite number or cycle
 */
export function valuePayload(value: unknown): Payload {
  if (value instanceof Uint8Array) return bytesPayload(value);
  refuseUnserialisable(value, "data", []);
  return sized({ encoding: "json", bytes: utf8(JSON.stringify(value)) });
}

/** Bytes from elsewhere, kept as they came: JSON if they parse as that, else text, else bytes. */
export function guessedPayload(bytes: Uint8Array): Payload {
  sized({ encoding: "bytes", bytes });
  try {
    const text = decoder.decode(bytes);
    return { encoding: isJson(text) ? "json" : "text", bytes };
  } catch {
    // Not UTF-8.
    return { encoding: "bytes", bytes };
  }
}

function isJson(text: string): boolean {
  // Most texts show by their first character that they are no JSON; an exception for each would be slow.
  if (!/^[ \t\r\n]*["{[\dtfn-]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function payloadText(payload: Payload): string {
  return decoder.decode(payload.bytes);
}

/** The value a handler sees: parsed JSON, a string, or a Uint8Array. */
export function payloadValue(payload: Payload): unknown {
  switch (payload.encoding) {
    case "json":
      return JSON.parse(payloadText(payload)) as unknown;
    case "text":
      return payloadText(payload);
    case "bytes":
      return payload.bytes;
  }
}

/** From Node's pool: memory of their own, as TextEncoder gives, costs small texts many times what writing them does. */
function utf8(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function sized(payload: Payload): Payload {
  if (payload.bytes.byteLength > MAX_PAYLOAD_BYTES) {
    throw new QueuescopeError("payload-too-large", `data has ${payload.bytes.byteLength} bytes; the most is ${MAX_PAYLOAD_BYTES} (64 MiB). Store it elsewhere and push a reference to it.`, { field: "data" });
  }
  return payload;
}

function refuseUnserialisable(value: unknown, path: string, above: object[]): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return;
    throw invalidInput(path, `${path} is ${value}, which JSON can't hold. Use null or text.`);
  }
  if (typeof value !== "object") {
    throw invalidInput(path, `${path} is ${typeof value === "bigint" ? "a BigInt" : typeof value}, which JSON can't hold. ${typeof value === "bigint" ? "Convert it to text" : "Leave it out or use null"}.`);
  }
  if (above.includes(value)) throw invalidInput(path, `${path} refers back to an object that contains it; JSON can't hold a cycle.`);
  if (above.length >= MAX_DEPTH) throw invalidInput("data", `data is nested more than ${MAX_DEPTH} levels deep, which many JSON parsers refuse. Flatten it, or push it as text.`);
  above.push(value);
  const plain = jsonForm(value);
  if (plain !== value) refuseUnserialisable(plain, path, above);
  else if (Array.isArray(value)) value.forEach((item, i) => { refuseUnserialisable(item, `${path}[${i}]`, above); });
  else for (const [key, item] of Object.entries(value)) refuseUnserialisable(item, `${path}.${key}`, above);
  above.pop();
}

function jsonForm(value: object): unknown {
  return "toJSON" in value && typeof value.toJSON === "function" ? (value as { toJSON(): unknown }).toJSON() : value;
}
