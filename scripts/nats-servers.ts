/** The nats-servers that tests and benchmarks start: scripts/get-nats.ts gets them, this finds them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `newest` has everything (atomic batches, schedules); `2.9` is the oldest that Queuescope supports. */
export type NatsVersion = "newest" | "2.9";
export const NATS_VERSIONS: readonly NatsVersion[] = ["newest", "2.9"];

/** Git-ignored; each version in a folder of its own. */
export const NATS_CACHE = join(import.meta.dirname, "..", ".nats-server");
export const NATS_BINARY = process.platform === "win32" ? "nats-server.exe" : "nats-server";

/** Names a binary outside the cache. */
export const NATS_VARIABLE: Readonly<Record<NatsVersion, string>> = { newest: "QUEUESCOPE_NATS_SERVER", "2.9": "QUEUESCOPE_NATS_SERVER_2_9" };

/** Where get-nats.ts leaves a version: the binary's own path, a `path` file that names one elsewhere, or a `missing` file that says why there is none. */
export const natsFolder = (version: NatsVersion): string => join(NATS_CACHE, version);

export type FoundNats = { readonly path: string } | { readonly missing: string };

export function findNats(version: NatsVersion): FoundNats {
  const named = process.env[NATS_VARIABLE[version]];
  if (named !== undefined && named !== "") return existsSync(named) ? { path: named } : { missing: `${NATS_VARIABLE[version]} names ${named}, which doesn't exist` };
  const own = join(natsFolder(version), NATS_BINARY);
  if (existsSync(own)) return { path: own };
  const elsewhere = note(version, "path");
  if (elsewhere !== undefined && existsSync(elsewhere)) return { path: elsewhere };
  return { missing: note(version, "missing") ?? `no nats-server (${version}) here: node scripts/get-nats.ts gets it` };
}

function note(version: NatsVersion, name: "path" | "missing"): string | undefined {
  const file = join(natsFolder(version), name);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}
