import * as vscode from "vscode";
import { isQueuescopeError } from "../core/index.ts";

/** What people read. Our own errors are written for them; of others the message has to do. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Logs the whole error, and shows its message with what can be done next. */
export async function reportError(log: vscode.LogOutputChannel, what: string, error: unknown): Promise<void> {
  log.error(what, error instanceof Error ? error : String(error));
  const openLog = vscode.l10n.t("Open Log");
  const setKey = vscode.l10n.t("Set Encryption Key");
  const actions = isQueuescopeError(error, "encryption-key-missing") ? [setKey, openLog] : [openLog];
  const chosen = await vscode.window.showErrorMessage(errorText(error), ...actions);
  if (chosen === openLog) log.show();
  else if (chosen === setKey) await vscode.commands.executeCommand("queuescope.setEncryptionKey");
}
