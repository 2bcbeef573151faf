import * as vscode from "vscode";
import { DEFAULT_GROUP } from "../../core/index.ts";

export const SCHEME = "queuescope";

/** What a document of ours shows. All of it stands in the URI, so that a document can be read again after a reload. */
export type Address =
  | { readonly kind: "message"; readonly connection: string; readonly id: string; readonly group?: string | undefined }
  | { readonly kind: "deadLetter"; readonly connection: string; readonly id: string }
  | { readonly kind: "peek"; readonly connection: string; readonly queue: string; readonly group?: string | undefined; readonly partition?: string | undefined }
  | { readonly kind: "trace"; readonly connection: string; readonly id: string }
  | { readonly kind: "edit"; readonly connection: string; readonly id: string }
  | { readonly kind: "redrive"; readonly connection: string; readonly queue: string; readonly id: string }
  | { readonly kind: "push"; readonly connection: string; readonly queue: string; readonly partition?: string | undefined };

/** `queuescope://CONNECTION/KIND/[QUEUE/][FIELD=VALUE/]...NAME`. The last part is the title of the tab, and begins with the id where there is one. */
export function addressUri(address: Address): vscode.Uri {
  const { kind, connection, ...fields } = address;
  const parts = Object.entries(fields).flatMap(([name, value]: [string, string | undefined]) => {
    if (value === undefined || name === "id" || (name === "group" && value === DEFAULT_GROUP)) return [];
    return [name === "queue" ? safe(value) : `${name}=${safe(value)}`];
  });
  return vscode.Uri.from({ scheme: SCHEME, authority: connection, path: `/${[kind, ...parts, fileName(address)].join("/")}` });
}

export function uriAddress(uri: vscode.Uri): Address {
  const [, kind, ...parts] = uri.path.split("/");
  const fields = parts.slice(0, -1).map((part) => {
    const at = part.indexOf("=");
    return [at < 0 ? "queue" : part.slice(0, at), decodeURIComponent(part.slice(at + 1))];
  });
  const id = parts.at(-1)?.split(".", 1)[0];
  return { kind, connection: uri.authority, id, ...Object.fromEntries(fields) } as Address;
}

function fileName(address: Address): string {
  switch (address.kind) {
    case "message":
    case "deadLetter":
      return `${address.id}.json`;
    case "peek":
      return `${safe(address.partition ?? address.queue)}.peek.json`;
    case "trace":
      return `${address.id}.trace.log`;
    case "edit":
      return `${address.id}.edit.json`;
    case "redrive":
      return `${address.id}.redrive.json`;
    case "push":
      return `${safe(address.queue)}.queuemessage.json`;
  }
}

/** A name as one part of a path; most names stay as they are. */
function safe(name: string): string {
  return name.replaceAll(/[%/\\?#=]/g, encodeURIComponent);
}
