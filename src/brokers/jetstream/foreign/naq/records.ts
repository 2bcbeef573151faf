import { type Payload, payloadText } from "../../../../core/index.ts";
import { inertOf, looksPickled, pickleJson, referenceOf, unpickle } from "../pickle.ts";
import { isJson, jsonPayload, raw, reason, type Shown, shown } from "../shown.ts";

/** Something NAQ stored, whichever of its serializers wrote it. */
export interface NaqRecord extends Shown {
  /** Its fields; empty when it can't be read, or is no object. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Never throws: what can't be read has no fields, and a note. */
export function readRecord(bytes: Uint8Array): NaqRecord {
  if (!looksPickled(bytes)) return record(unwrappedJson(shown(bytes)));
  try {
    const value = unwrapped(unpickle(bytes));
    const json = pickleJson(value instanceof Map ? opened(value) : value);
    return record({ payload: jsonPayload(json), format: "pickle", note: null });
  } catch (error) {
    return record(raw(bytes, `It looks like a Python pickle, but can't be read: ${reason(error)}.`));
  }
}

function record(read: Shown): NaqRecord {
  return { ...read, fields: fieldsOf(read.payload) };
}

function fieldsOf(payload: Payload): Readonly<Record<string, unknown>> {
  if (payload.encoding !== "json") return {};
  const value: unknown = JSON.parse(payloadText(payload));
  return isObject(value) ? value : {};
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Some clients put what they stored, with a checksum, into another record. */
function unwrapped(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  const inner: unknown = value.get("data");
  return value.has("checksum") && inner instanceof Uint8Array && looksPickled(inner) ? unpickle(inner) : value;
}

function unwrappedJson(read: Shown): Shown {
  const fields = read.format === "json" ? fieldsOf(read.payload) : {};
  if (fields["data_encoding"] !== "base64" || typeof fields["data"] !== "string") return read;
  const text = Buffer.from(fields["data"], "base64").toString();
  return isJson(text) ? { ...read, payload: jsonPayload(text) } : read;
}

/** A job's function and arguments are pickles in the pickle. */
function opened(job: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
  const fields = new Map(job);
  for (const name of ["function", "args", "kwargs"]) {
    const inner = job.get(name);
    if (!(inner instanceof Uint8Array) || !looksPickled(inner)) continue;
    try {
      const value = unpickle(inner);
      fields.set(name, name === "function" ? functionText(value) : value);
    } catch {
      // One that can't be read stays bytes; the rest of the job is shown all the same.
      continue;
    }
  }
  if (fields.has("function")) fields.set("function", functionText(fields.get("function")));
  const original = job.get("_orig_job_payload");
  if (original instanceof Uint8Array) fields.set("_orig_job_payload", original.byteLength > 0 && looksPickled(original) ? openedOriginal(original) : Buffer.from(original).toString());
  return fields;
}

function openedOriginal(bytes: Uint8Array): unknown {
  try {
    const job = unwrapped(unpickle(bytes));
    return job instanceof Map ? opened(job) : job;
  } catch {
    return bytes;
  }
}

/** `module:qualname`; the name alone for a function whose code is in the pickle. */
function functionText(value: unknown): unknown {
  const reference = referenceOf(value);
  if (reference !== undefined) return reference;
  const inert = inertOf(value);
  if (inert?.name.endsWith("._make_function") !== true) return value;
  // Of the code's parts the first texts are its file and its name.
  const [, name] = (inertOf(inert.args[0])?.args ?? []).filter((part) => typeof part === "string");
  return `${name ?? "a function"} (its code is in the pickle)`;
}

/** Seconds since 1970 as Python gives them. */
export function timeOf(value: unknown): number | null {
  return typeof value === "number" && value > 0 && value < 8.64e12 ? Math.round(value * 1000) : null;
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
