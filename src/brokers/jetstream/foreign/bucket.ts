import type { Stored } from "../api.ts";
import type { ForeignStream, Source } from "./source.ts";

/** What a key-value bucket holds under a key. */
export interface Entry {
  readonly key: string;
  readonly stored: Stored;
}

/** Its keys are the subjects of its stream below this. */
export function keyPrefix(bucket: string): string {
  return `$KV.${bucket}.`;
}

export function operationOf({ headers }: Stored): "put" | "delete" | "purge" {
  const marker = headers["KV-Operation"];
  if (marker === "PURGE" || headers["Nats-Marker-Reason"] !== undefined) return "purge";
  return marker === "DEL" ? "delete" : "put";
}

/** The latest of each key, deleted ones left out; the first `most` of them, and none of a bucket that isn't there. */
export async function entriesOf(source: Source, stream: ForeignStream | undefined, most: number): Promise<Entry[]> {
  if (stream === undefined) return [];
  const { name } = stream.config;
  const prefix = keyPrefix(name.slice("KV_".length));
  const { counts } = await source.subjects(name, `${prefix}>`);
  const found: Entry[] = [];
  for (let i = 0; i < Math.min(counts.length, most); i += PIPELINED) {
    const step = counts.slice(i, Math.min(i + PIPELINED, most));
    const entries = await Promise.all(step.map(async ([subject]) => ({ key: subject.slice(prefix.length), stored: await source.last(name, subject) })));
    for (const { key, stored } of entries) {
      if (stored !== undefined && operationOf(stored) === "put") found.push({ key, stored });
    }
  }
  return found;
}

const PIPELINED = 50;
