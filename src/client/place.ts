import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { invalidInput, QueuescopeError } from "../core/index.ts";
import { workspaceDatabase } from "./workspace.ts";

/** Where queues are: in a file, or on NATS. */
export type Place = { readonly kind: "file"; readonly path: string } | { readonly kind: "nats"; readonly url: string };

export interface PlaceOptions {
  readonly url?: string | undefined;
  readonly cwd?: string | undefined;
}

const NATS = new Set(["nats", "tls", "ws", "wss"]);

const LATER: Readonly<Record<string, string>> = {
  http: "A Queuescope server over HTTP",
  https: "A Queuescope server over HTTP",
  pyqueue: "A PyQueue file",
};

/** What the URL means: by default QUEUESCOPE_URL, else the workspace's file. @throws unsupported, invalid-input */
export function placeOf(options: PlaceOptions = {}): Place {
  const cwd = options.cwd ?? process.cwd();
  const url = options.url ?? (process.env["QUEUESCOPE_URL"] || undefined);
  if (url === undefined) return { kind: "file", path: workspaceDatabase(cwd) };
  if (typeof url !== "string" || url.trim() === "") throw invalidInput("url", "The URL is empty. Write file:PATH or nats://HOST, or leave it out to use the workspace's own queues.");
  // A single letter before the colon is a Windows drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: "file", path: resolve(cwd, atHome(url)) };
  if (scheme === "file") return { kind: "file", path: url.startsWith("file://") ? fromFileUrl(url) : resolve(cwd, atHome(url.slice("file:".length))) };
  if (NATS.has(scheme)) return { kind: "nats", url };
  const later = LATER[scheme];
  if (later !== undefined) throw new QueuescopeError("unsupported", `${later} (${scheme}:) can't be used by this version of Queuescope yet. Use a local file (file:PATH) or NATS (nats://HOST), or leave the URL out for the workspace's own queues.`, { field: "url" });
  throw invalidInput("url", `${scheme}: is not a kind of URL that Queuescope knows. Write file:PATH, a path, or nats://HOST.`);
}

/** The file that would have to be made, or `null` when there is nothing to make. */
export function missingFile(options: PlaceOptions): string | null {
  const place = placeOf(options);
  return place.kind === "file" && !existsSync(place.path) ? place.path : null;
}

function fromFileUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new QueuescopeError("invalid-input", `${url} is not a file URL (${(cause as Error).message}). Write file:/absolute/path or file:relative/path.`, { field: "url", cause });
  }
}

function atHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}
