import * as vscode from "vscode";

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

/** The address in the query, a readable name for the tab in the path. */
export function addressUri(address: Address): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${fileName(address)}`, query: JSON.stringify(address) });
}

export function uriAddress(uri: vscode.Uri): Address {
  return JSON.parse(uri.query) as Address;
}

function fileName(address: Address): string {
  switch (address.kind) {
    case "message":
    case "deadLetter":
      return `${address.id}.json`;
    case "peek":
      return `${safe([address.queue, address.partition, address.group].filter((part) => part !== undefined).join(" "))}.peek.json`;
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

function safe(name: string): string {
  return name.replaceAll(/[/\\?#]/g, "_");
}
