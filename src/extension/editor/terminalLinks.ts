import * as vscode from "vscode";
import type { Connections } from "../connections/connections.ts";
import { idAddress } from "../commands/messages.ts";
import { connectionWith } from "../loaders/whereIs.ts";
import type { MessageDocuments } from "../documents/provider.ts";
import { reportError } from "../errors.ts";

class MessageLink extends vscode.TerminalLink {
  readonly id: string;

  constructor(id: string, startIndex: number) {
    super(startIndex, id.length, vscode.l10n.t("Open message {0}", id));
    this.id = id;
  }
}

const IDS = /\b[md]\d+-\d+\b/g;

/** Ids of messages and dead letters in a terminal open them. */
export function registerTerminalLinks(connections: Connections, documents: MessageDocuments, log: vscode.LogOutputChannel): vscode.Disposable {
  return vscode.window.registerTerminalLinkProvider({
    provideTerminalLinks: ({ line }): MessageLink[] => [...line.matchAll(IDS)].map(({ 0: id, index }) => new MessageLink(id, index)),
    async handleTerminalLink({ id }: MessageLink) {
      try {
        await openWhereItIs(connections, documents, id);
      } catch (error) {
        await reportError(log, `Opening ${id}`, error);
      }
    },
  });
}

async function openWhereItIs(connections: Connections, documents: MessageDocuments, id: string): Promise<void> {
  const connection = await connectionWith(await connections.all(), id);
  if (connection !== undefined) {
    await documents.show(idAddress(connection, id));
    return;
  }
  throw new Error(vscode.l10n.t("There is no message {0} any more. Completed messages are kept as long as completedRetentionSeconds says.", id));
}
