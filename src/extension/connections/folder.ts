import { createHash } from "node:crypto";
import type { Workspace } from "../../client/workspace-file.ts";
import type { WorkerDefinition } from "../workers/definition.ts";
import type { Connection } from "./connection.ts";

/** What one workspace folder brings. */
export interface FolderConnections {
  readonly folder: string;
  readonly connections: readonly Connection[];
  readonly workers: readonly { readonly definition: WorkerDefinition; readonly connection: Connection }[];
}

/** How a folder's connections come about. */
export interface ConnectionPlan {
  readonly id: string;
  readonly label: string;
  /** `undefined`: QUEUESCOPE_URL's, or else the workspace's own file. */
  readonly url: string | undefined;
  readonly readOnly: boolean;
  readonly credentials: { readonly env: string } | { readonly secret: string } | undefined;
}

export interface FolderFacts {
  /** A key for the folder, and its name for people. */
  readonly id: string;
  readonly name: string;
  readonly workspace: Workspace | undefined;
  /** From the settings. */
  readonly url: string | undefined;
  readonly trusted: boolean;
}

/**
 * The connections that queuescope.json names, or else one.
 * An untrusted folder gets its own file only, because a URL makes the editor connect to somewhere.
 */
export function planConnections({ id, name, workspace, url, trusted }: FolderFacts): ConnectionPlan[] {
  const own: ConnectionPlan = { id: shortId(id), label: name, url: trusted ? url : undefined, readOnly: false, credentials: undefined };
  if (!trusted || workspace === undefined || workspace.connections.size === 0) return [own];
  return [...workspace.connections].map(([connection, settings]) => ({
    id: shortId(id, connection),
    label: workspace.connections.size === 1 ? name : `${name}: ${connection}`,
    url: settings.url,
    readOnly: settings.readOnly ?? false,
    credentials: settings.credentials,
  }));
}

/** The same in every session, and short enough for the address of a document. */
function shortId(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}
