import * as vscode from "vscode";
import type { App } from "../app.ts";
import { reportError } from "../errors.ts";
import { connectionCommands } from "./connections.ts";
import { deadLetterCommands } from "./deadLetters.ts";
import { groupCommands } from "./groups.ts";
import { type CommandId, COMMAND_IDS, TRUSTED_COMMANDS } from "./ids.ts";
import { inspectorCommands } from "./inspector.ts";
import { localNatsCommands } from "./localNats.ts";
import { messageCommands } from "./messages.ts";
import { popCommands } from "./pop.ts";
import { pushCommands } from "./push.ts";
import { queueCommands } from "./queues.ts";
import { streamCommands } from "./streams.ts";
import { tapCommands } from "./taps.ts";
import type { CommandFamily, CommandHandler } from "./types.ts";
import { viewCommands } from "./view.ts";
import { workerCommands } from "./workers.ts";

/** One handler for each command of the manifest: a missing one doesn't compile. */
const handlers: CommandFamily = {
  ...viewCommands,
  ...connectionCommands,
  ...localNatsCommands,
  ...inspectorCommands,
  ...queueCommands,
  ...pushCommands,
  ...popCommands,
  ...messageCommands,
  ...groupCommands,
  ...deadLetterCommands,
  ...workerCommands,
  ...streamCommands,
  ...tapCommands,
};

export function registerCommands(app: App): vscode.Disposable[] {
  return COMMAND_IDS.map((id) => vscode.commands.registerCommand(id, (...args: unknown[]) => runCommand(app, id, handlers[id], args)));
}

/** What every command goes through: trust, the log, and errors that say what to do. */
async function runCommand(app: App, id: CommandId, handler: CommandHandler, args: readonly unknown[]): Promise<void> {
  app.log.debug(id);
  if (TRUSTED_COMMANDS.has(id) && !vscode.workspace.isTrusted) {
    await refuseUntrusted();
    return;
  }
  try {
    await handler(app, ...args);
  } catch (error) {
    await reportError(app.log, id, error);
  }
}

async function refuseUntrusted(): Promise<void> {
  const manage = vscode.l10n.t("Manage Workspace Trust");
  const chosen = await vscode.window.showErrorMessage(vscode.l10n.t("This runs programs in the workspace's folder, so it works only in a trusted folder."), manage);
  if (chosen === manage) await vscode.commands.executeCommand("workbench.trust.manage");
}
