import * as vscode from "vscode";
import { DEFAULT_GROUP } from "../../core/index.ts";

export const SCHEME = "queuescope";

/** What a document of ours shows. All of it stands in the URI, so that a document can be read again after a reload. */
export type Address =
  | { readonly kind: "message"; readonly connection: string; readonly id: string; readonly group?: string | undefined }
  | { readonly kind: "deadLetter"; readonly connection: string; readonly id: string }
  | { readonly kind: "peek"; readonly connection: string; readonly queue: string; readonly group?: string | undefined; readonly partition?: string | undefined }
  | { readonly kind: "trace"; readonly connection: string; readonly id: string }
  | { readonly kind: "stream"; readonly connection: string; readonly stream: string }
  | { readonly kind: "subject"; readonly connection: string; readonly stream: string; readonly subject: string }
  | { readonly kind: "consumer"; readonly connection: string; readonly stream: string; readonly consumer: string }
  | { readonly kind: "streamMessage"; readonly connection: string; readonly stream: string; readonly sequence: string }
  | { readonly kind: "key"; readonly connection: string; readonly stream: string; readonly key: string }
  | { readonly kind: "arrival"; readonly connection: string; readonly tap: string; readonly number: string; readonly subject: string }
  | { readonly kind: "edit"; readonly connection: string; readonly id: string }
  | { readonly kind: "redrive"; readonly connection: string; readonly queue: string; readonly id: string }
  | { readonly kind: "push"; readonly connection: string; readonly queue: string; readonly partition?: string | undefined };

/** `queuescope://CONNECTION/[QUEUE/]NAME?kind=…`: the path is what people see above the document, the query has all that stands in the address. */
export function addressUri(address: Address): vscode.Uri {
  const { connection, ...fields } = address;
  const known = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined && !(entry[0] === "group" && entry[1] === DEFAULT_GROUP));
  const folder = "queue" in address ? [safe(address.queue)] : "stream" in address ? [safe(address.stream)] : [];
  return vscode.Uri.from({ scheme: SCHEME, authority: connection, path: `/${[...folder, fileName(address)].join("/")}`, query: new URLSearchParams(known).toString() });
}

export function uriAddress(uri: vscode.Uri): Address {
  return { ...Object.fromEntries(new URLSearchParams(uri.query)), connection: uri.authority } as Address;
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
    case "stream":
      return `${safe(address.stream)}.stream.json`;
    case "subject":
      return `${safe(address.subject)}.messages.json`;
    case "consumer":
      return `${safe(address.consumer)}.consumer.json`;
    case "streamMessage":
      return `${address.sequence}.json`;
    case "key":
      return `${safe(address.key)}.json`;
    case "arrival":
      return `${safe(address.subject)}.${address.number}.json`;
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
  return name.replaceAll(/[%/\\?#]/g, encodeURIComponent);
}
