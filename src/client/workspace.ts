import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** What the extension, the CLI and the SDK read about a workspace. */
export const WORKSPACE_FILE = "queuescope.json";
/** The workspace's own queues, relative to its root. */
export const WORKSPACE_DATABASE = join(".queuescope", "queues.db");

/** The nearest queuescope.json at or above a folder, or `null`. */
export function findWorkspaceFile(from: string = process.cwd()): string | null {
  const root = nearestWith(from, [WORKSPACE_FILE]);
  return root === null ? null : join(root, WORKSPACE_FILE);
}

/**
 * The database of the workspace that a folder is in: of the nearest folder, walking up as git does,
 * that has one or a queuescope.json. Without either it belongs into the folder itself. It may not exist yet.
 */
export function workspaceDatabase(from: string = process.cwd()): string {
  return join(nearestWith(from, [WORKSPACE_DATABASE, WORKSPACE_FILE]) ?? resolve(from), WORKSPACE_DATABASE);
}

function nearestWith(from: string, names: readonly string[]): string | null {
  const folder = resolve(from);
  if (names.some((name) => existsSync(join(folder, name)))) return folder;
  const parent = dirname(folder);
  return parent === folder ? null : nearestWith(parent, names);
}
