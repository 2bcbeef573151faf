import * as vscode from "vscode";
import type { App } from "../app.ts";
import { bytesText } from "../models/format.ts";
import { inform } from "./ask.ts";
import { asNode } from "./target.ts";
import type { CommandFamily } from "./types.ts";

export const localNatsCommands = {
  "queuescope.startLocalNats": async (app, argument) => {
    const folder = await pickFolder(argument, vscode.l10n.t("Start Local NATS"));
    if (folder === undefined) return;
    const nats = await start(folder);
    if (nats?.url == null) return;
    app.log.info(`Local NATS of ${folder}: ${nats.url}, process ${String(nats.pid)}, started ${String(nats.started)}`);
    await app.connections.saved.keepLocalNats(folder, nats.url);
    app.connections.reload();
    const own = (await app.connections.all()).find((connection) => connection.origin === "localNats" && connection.folder === folder);
    await own?.reconnect();
    await vscode.commands.executeCommand("queuescope.queues.focus");
    inform(nats.started ? (nats.keep ? vscode.l10n.t("NATS runs at {0}.", nats.url) : vscode.l10n.t("NATS runs at {0}. It stops with this window.", nats.url)) : vscode.l10n.t("NATS runs already, at {0}.", nats.url));
  },

  "queuescope.stopLocalNats": async (app, argument) => {
    const folder = await pickFolder(argument, vscode.l10n.t("Stop Local NATS"));
    if (folder === undefined) return;
    const own = (await app.connections.all()).find((connection) => connection.origin === "localNats" && connection.folder === folder);
    // First, so that nothing tries to get it back.
    await own?.disconnect();
    const { stopLocalNats } = await import("../../client/nats-server/index.ts");
    const { stopped } = await stopLocalNats({ cwd: folder });
    inform(stopped ? vscode.l10n.t("The local NATS was stopped. Its data stays.") : vscode.l10n.t("The local NATS wasn't running."));
  },
} satisfies Partial<CommandFamily>;

/** With a window that closes, its servers end, unless they were told to stay. */
export async function stopWithWindow(app: App): Promise<void> {
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath).filter((folder) => app.connections.saved.localNats(folder) !== undefined);
  if (folders.length === 0) return;
  const { stopLocalNats } = await import("../../client/nats-server/index.ts");
  await Promise.allSettled(folders.map((folder) => stopLocalNats({ cwd: folder, unlessKept: true })));
}

async function start(folder: string) {
  const { startLocalNats } = await import("../../client/nats-server/index.ts");
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t("Starting NATS"), cancellable: true }, async (progress, token) => {
    const stop = new AbortController();
    token.onCancellationRequested(() => { stop.abort(); });
    const refused = new AbortController();
    try {
      return await startLocalNats({
        cwd: folder,
        signal: stop.signal,
        confirmDownload: async (download) => {
          const yes = await confirmDownload(download);
          if (!yes) refused.abort();
          return yes;
        },
        onProgress: (received, total) => { progress.report({ message: vscode.l10n.t("downloading nats-server: {0}", total === undefined ? bytesText(received) : `${bytesText(received)} / ${bytesText(total)}`) }); },
      });
    } catch (error) {
      // Whoever said no, or stopped it, knows.
      if (refused.signal.aborted || stop.signal.aborted) return undefined;
      throw error;
    }
  });
}

async function confirmDownload({ version, url, folder }: { readonly version: string; readonly url: string; readonly folder: string }): Promise<boolean> {
  const download = vscode.l10n.t("Download");
  const detail = vscode.l10n.t("The official release {0} can be downloaded from {1} to {2}. Its checksum is verified. Or install nats-server yourself, on the PATH.", version, url, folder);
  return (await vscode.window.showInformationMessage(vscode.l10n.t("There is no nats-server on this machine. Download it?"), { modal: true, detail }, download)) === download;
}

async function pickFolder(argument: unknown, title: string): Promise<string | undefined> {
  const node = asNode(argument);
  if (node?.kind === "connection") return node.connection.folder;
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file");
  if (folders.length === 0) throw new Error(vscode.l10n.t("A local NATS keeps its data in a folder. Open a folder on disk first."));
  if (folders.length === 1) return folders[0]?.uri.fsPath;
  return (await vscode.window.showQuickPick(folders.map(({ name, uri }) => ({ label: name, folder: uri.fsPath })), { title }))?.folder;
}
