import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** What the extension, the CLI and the SDK read about a workspace. */
export const WORKSPACE_FILE = "queuescope.json";
/** The workspace's own queues, relative to its root. */
export const WORKSPACE_DATABASE = join(".queuescope", "queues.db");
/** The data of the workspace's own nats-server, relative to its root. */
export const WORKSPACE_NATS = join(".queuescope", "nats");
/** Templates of messages, relative to its root. */
export const WORKSPACE_TEMPLATES = join(".queuescope", "templates");

/** The nearest queuescope.json at or above a folder, or `null`. */
export function findWorkspaceFile(from: string = process.cwd()): string | null {
  const root = nearestWith(from, [WORKSPACE_FILE]);
  return root === null ? null : join(root, WORKSPACE_FILE);
}

/** The database of the workspace that a folder is in. It may not exist yet. */
export function workspaceDatabase(from: string = process.cwd()): string {
  return join(workspaceRoot(from), WORKSPACE_DATABASE);
}

/** Where the workspace's own nats-server keeps its data. It may not exist yet. */
export function workspaceNats(from: string = process.cwd()): string {
  return join(workspaceRoot(from), WORKSPACE_NATS);
}

/** Where the workspace that a folder is in keeps templates of messages; `null` where there is no workspace. */
export function workspaceTemplates(from: string = process.cwd()): string | null {
  const root = findWorkspace(from);
  return root === null ? null : join(root, WORKSPACE_TEMPLATES);
}

/** The nearest folder, walking up as git does, that has queues or a queuescope.json, or `null`. */
function findWorkspace(from: string): string | null {
  return nearestWith(from, [WORKSPACE_DATABASE, WORKSPACE_NATS, WORKSPACE_FILE]);
}

/** Without one the folder itself. */
function workspaceRoot(from: string): string {
  return findWorkspace(from) ?? resolve(from);
}

function nearestWith(from: string, names: readonly string[]): string | null {
  const folder = resolve(from);
  if (names.some((name) => existsSync(join(folder, name)))) return folder;
  const parent = dirname(folder);
  return parent === folder ? null : nearestWith(parent, names);
}
