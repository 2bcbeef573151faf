import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { finished } from "node:stream/promises";
import * as vscode from "vscode";
import type { Files, Sink } from "../../inspector/index.ts";

const FILTERS = { NDJSON: ["ndjson", "jsonl"] };

/** Files through the editor's dialogs. */
export function editorFiles(): Files {
  return {
    save: async (suggestedName) => {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
      const uri = await vscode.window.showSaveDialog({ ...(suggestedName.endsWith(".ndjson") ? { filters: FILTERS } : {}), ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, suggestedName) }) });
      return uri === undefined ? undefined : fileSink(uri.fsPath);
    },
    open: async () => {
      const [uri] = (await vscode.window.showOpenDialog({ filters: FILTERS, canSelectMany: false })) ?? [];
      if (uri === undefined) return undefined;
      const { size } = await stat(uri.fsPath);
      return { name: uri.fsPath, size, chunks: () => createReadStream(uri.fsPath) };
    },
  };
}

/** Written beside its place and moved there when it is whole: what was there before stays until then. */
function fileSink(path: string): Sink {
  const partial = `${path}.partial`;
  const stream = createWriteStream(partial);
  const failed = new Promise<never>((_resolve, reject) => { stream.once("error", reject); });
  // Whoever writes next is told.
  failed.catch(() => undefined);
  return {
    name: path,
    write: async (data) => {
      const drained = new Promise<void>((resolve) => { if (stream.write(data)) resolve(); else stream.once("drain", resolve); });
      await Promise.race([drained, failed]);
    },
    close: async () => {
      stream.end();
      await finished(stream);
      await rename(partial, path);
    },
    abandon: async () => {
      stream.destroy();
      await rm(partial, { force: true });
    },
  };
}
