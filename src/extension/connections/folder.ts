import { createHash } from "node:crypto";
import type { ConnectionSettings, Workspace } from "../../client/workspace-file.ts";
import type { WorkerDefinition } from "../workers/definition.ts";
import type { Connection } from "./connection.ts";

/** What one workspace folder brings. */
export interface FolderConnections {
  readonly folder: string;
  readonly connections: readonly Connection[];
  readonly workers: readonly { readonly definition: WorkerDefinition; readonly connection: Connection }[];
}

/** Who named a connection: nobody (the folder's own), queuescope.json, this user, or the start of the folder's NATS. */
export type ConnectionOrigin = "own" | "workspace" | "user" | "localNats";

/** How a connection comes about. */
export interface ConnectionPlan {
  readonly id: string;
  /** As queuescope.json or the user named it; the folder's where nobody did. */
  readonly name: string;
  readonly label: string;
  readonly origin: ConnectionOrigin;
  /** `undefined`: QUEUESCOPE_URL's, or else the workspace's own file. */
  readonly url: string | undefined;
  readonly readOnly: boolean;
  readonly credentials: ConnectionSettings["credentials"];
}

export interface FolderFacts {
  /** A key for the folder, and its name for people. */
  readonly id: string;
  readonly name: string;
  readonly workspace: Workspace | undefined;
  /** From the settings. */
  readonly url: string | undefined;
  /** Of the folder's own nats-server, once it was started from the editor. */
  readonly localNats?: string | undefined;
  readonly trusted: boolean;
}

/**
 * The connections that queuescope.json names, or else one.
 * An untrusted folder gets its own file only, because a URL makes the editor connect to somewhere.
 */
export function planConnections({ id, name, workspace, url, localNats, trusted }: FolderFacts): ConnectionPlan[] {
  const own: ConnectionPlan = { id: shortId(id), name, label: name, origin: "own", url: trusted ? url : undefined, readOnly: false, credentials: undefined };
  if (!trusted) return [own];
  const nats: ConnectionPlan[] = localNats === undefined ? [] : [{ id: shortId(id, "", "local nats"), name: LOCAL_NATS, label: `${name}: ${LOCAL_NATS}`, origin: "localNats", url: localNats, readOnly: false, credentials: undefined }];
  const named = [...(workspace?.connections ?? [])].map(
    ([connection, settings]): ConnectionPlan => ({
      id: shortId(id, connection),
      name: connection,
      // A file is the folder's own, as it were; a server is not.
      label: workspace?.connections.size === 1 && !isRemote(settings) ? name : `${name}: ${connection}`,
      origin: "workspace",
      url: settings.url,
      readOnly: settings.readOnly ?? false,
      credentials: settings.credentials,
    }),
  );
  return [...(named.length === 0 ? [own] : named), ...nats];
}

const LOCAL_NATS = "local NATS";

/** A connection that this user keeps, whichever folder is open. */
export interface UserConnection {
  readonly name: string;
  readonly url: string;
  readonly readOnly: boolean;
  /** Name of its login in the editor's secret storage. */
  readonly secret?: string;
}

export function planUserConnection({ name, url, readOnly, secret }: UserConnection): ConnectionPlan {
  return { id: shortId("user's", name), name, label: name, origin: "user", url, readOnly, credentials: secret === undefined ? undefined : { secret } };
}

/** Whether it is reached over a network, so that nobody waits for it, and it can be lost. */
export function isRemote({ url = process.env["QUEUESCOPE_URL"] }: Pick<ConnectionPlan, "url">): boolean {
  return url !== undefined && /^(nats|tls|wss?):/i.test(url);
}

/** The same in every session, and short enough for the address of a document. */
function shortId(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}
