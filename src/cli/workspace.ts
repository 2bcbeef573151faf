import { dirname, resolve } from "node:path";
import { CREDENTIALS } from "../client/credentials.ts";
import { placeOf } from "../client/place.ts";
import { defaultConnection, readWorkspaceFile } from "../client/workspace-file.ts";
import type { ConnectionSettings, Workspace } from "../client/workspace-file.ts";
import { findWorkspaceFile, WORKSPACE_DATABASE, WORKSPACE_FILE } from "../client/workspace.ts";
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

/** How to get to a connection of the file. */
export interface ConnectionAccess {
  readonly url: string;
  /** Its login, where the file names one. */
  readonly credentials: string | undefined;
  readonly readOnly: boolean;
}

/** --url and QUEUESCOPE_URL take the place of the standard connection. @throws invalid-input when its login isn't there */
export function connectionAccess({ path, workspace, standard }: FoundWorkspace, connection: string | null, given: string | undefined): ConnectionAccess {
  const instead = given ?? process.env["QUEUESCOPE_URL"];
  if (connection === standard && instead !== undefined && instead !== "") return { url: instead, credentials: undefined, readOnly: false };
  const settings = connection === null ? undefined : workspace.connections.get(connection);
  if (connection === null || settings === undefined) return { url: `file:${resolve(dirname(path), WORKSPACE_DATABASE)}`, credentials: undefined, readOnly: false };
  const place = placeOf({ url: settings.url, cwd: dirname(path) });
  // Good from any folder.
  return { url: place.kind === "file" ? `file:${place.path}` : place.url, credentials: login(connection, settings), readOnly: settings.readOnly ?? false };
}

function login(connection: string, { credentials }: ConnectionSettings): string | undefined {
  if (credentials === undefined) return undefined;
  const field = `connections.${connection}.credentials`;
  if ("secret" in credentials) throw invalidInput(field, `The login of connection ${JSON.stringify(connection)} is in the editor's secret storage, which a command can't read. Name an environment variable in ${WORKSPACE_FILE} instead (credentials: { "env": NAME }), or set QUEUESCOPE_URL and ${CREDENTIALS}.`);
  const secret = process.env[credentials.env];
  if (secret === undefined || secret === "") throw invalidInput(field, `The login of connection ${JSON.stringify(connection)} should be in the environment variable ${credentials.env}, which isn't set. Set it to the password, the text of a .creds file, an nkey's seed, or a token.`);
  return secret;
}
