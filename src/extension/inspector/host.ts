import * as vscode from "vscode";
import type { ComparedDocument, Editor, Files, Host, HostConnection, PoppedLeases } from "../../inspector/index.ts";
import type { ConnectionStatus } from "../../protocol/envelope.ts";
import type { Connection } from "../connections/connection.ts";
import type { Connections } from "../connections/connections.ts";
import { type Address, addressUri } from "../documents/address.ts";
import type { MessageDocuments } from "../documents/provider.ts";
import { errorText } from "../errors.ts";
import type { DeadLetterNode, MessageNode } from "../models/nodes.ts";
import type { PoppedMessages } from "../models/popped.ts";
import { editorFiles } from "./files.ts";

/** What the inspector of a window works with. */
export interface InspectorParts {
  readonly connections: Connections;
  readonly documents: MessageDocuments;
  readonly popped: PoppedMessages;
  readonly log: vscode.LogOutputChannel;
}

/** The editor around an inspector's page. */
export function editorHost(connection: Connection, { connections, documents, popped, log }: InspectorParts): Host {
  return {
    surface: "editor",
    connection: hostConnection(connection, connections),
    popped: poppedLeases(connection, popped, connections),
    editor: editor(connection, documents),
    files: editorFiles() satisfies Files,
    templates: vscode.Uri.joinPath(vscode.Uri.file(connection.folder), ".queuescope", "templates").fsPath,
    texts: vscode.l10n.bundle ?? {},
    onError: (what, error) => { log.error(what, error instanceof Error ? error : String(error)); },
  };
}

function hostConnection(connection: Connection, connections: Connections): HostConnection {
  const status = (): ConnectionStatus => statusOf(connection);
  return {
    id: connection.id,
    label: connection.label,
    open: () => connection.open(),
    status,
    onStatus: (listener) => {
      let last = JSON.stringify(status());
      const following = connections.onDidChangeState(() => {
        const now = status();
        if (JSON.stringify(now) === last) return;
        last = JSON.stringify(now);
        listener(now);
      });
      return { [Symbol.dispose]: () => { following.dispose(); } };
    },
  };
}

function statusOf({ state, error }: Connection): ConnectionStatus {
  const reason = error === undefined ? null : errorText(error);
  switch (state) {
    case "open":
    case "absent":
      return { state: "open", reason: null };
    case "closed":
    case "connecting":
      return { state: "connecting", reason };
    case "lost":
    case "failed":
    case "disconnected":
      return { state, reason };
  }
}

function poppedLeases(connection: Connection, popped: PoppedMessages, connections: Connections): PoppedLeases {
  const shown = async (change: Promise<void>): Promise<void> => {
    await change;
    connections.changed();
  };
  return {
    list: (queue) => popped.list(connection.id, queue),
    add: (deliveries) => shown(popped.add(connection.id, deliveries)),
    renewed: (receipt, leaseExpiresAt) => shown(popped.renewed(receipt, leaseExpiresAt)),
    remove: (receipt) => shown(popped.remove(receipt)),
  };
}

function editor(within: Connection, documents: MessageDocuments): Editor {
  const connection = within.id;
  const debug = async (node: DeadLetterNode | MessageNode): Promise<void> => { await vscode.commands.executeCommand("queuescope.debugMessage", node); };
  const show = async (address: Address): Promise<void> => { await documents.show(address, { preview: false, viewColumn: vscode.ViewColumn.Beside }); };
  const uri = (document: ComparedDocument): vscode.Uri => addressUri({ connection, ...document });
  return {
    openMessage: (id, group) => show({ kind: "message", connection, id, group }),
    openDeadLetter: (id) => show({ kind: "deadLetter", connection, id }),
    openTrace: (id) => show({ kind: "trace", connection, id }),
    editMessage: (id) => show({ kind: "edit", connection, id }),
    editDeadLetter: (queue, id) => show({ kind: "redrive", connection, queue, id }),
    debugMessage: (message) => debug({ kind: "message", connection: within, queue: message.queue, message, popped: undefined }),
    debugDeadLetter: (deadLetter) => debug({ kind: "deadLetter", connection: within, queue: deadLetter.queue, deadLetter, view: "deadLetters" }),
    compare: async (left, right, title) => { await vscode.commands.executeCommand("vscode.diff", uri(left), uri(right), title); },
  };
}
