import { dirname, resolve } from "node:path";
import { defaultConnection, readWorkspaceFile } from "../client/workspace-file.ts";
import type { Workspace } from "../client/workspace-file.ts";
import { findWorkspaceFile, WORKSPACE_FILE } from "../client/workspace.ts";
import { invalidInput } from "../core/index.ts";

/** A queuescope.json and where it stands. */
export interface FoundWorkspace {
  readonly path: string;
  readonly workspace: Workspace;
  /** Where what names no connection is; `null`: the workspace's own file. */
  readonly standard: string | null;
}

/** The file that is named, else the nearest one. @throws invalid-input when there is none, or for what is wrong in it */
export async function readNearestWorkspace(file?: string): Promise<FoundWorkspace> {
  const path = file === undefined ? findWorkspaceFile() : resolve(file);
  if (path === null) throw invalidInput("file", `There is no ${WORKSPACE_FILE} here or in a folder above. Write one, or name it with --file.`);
  const workspace = await readWorkspaceFile(path);
  return { path, workspace, standard: defaultConnection(workspace) };
}

/** The URL of a connection of the file. --url and QUEUESCOPE_URL take the place of the standard one. */
export function connectionUrl({ path, workspace, standard }: FoundWorkspace, connection: string | null, given: string | undefined): string {
  const instead = given ?? process.env["QUEUESCOPE_URL"];
  if (connection === standard && instead !== undefined && instead !== "") return instead;
  const url = connection === null ? undefined : workspace.connections.get(connection)?.url;
  return url ?? `file:${resolve(dirname(path), ".queuescope", "queues.db")}`;
}
