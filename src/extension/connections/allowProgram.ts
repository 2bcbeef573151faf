import * as vscode from "vscode";

/** Asked before a program is run for a secret, as contexts of the nats CLI may want: each time, and only in a trusted folder. */
export async function allowProgram(command: readonly string[], reason: string): Promise<boolean> {
  if (!vscode.workspace.isTrusted) return false;
  const run = vscode.l10n.t("Run");
  return (await vscode.window.showWarningMessage(vscode.l10n.t("Run {0} to log in to NATS?", command.join(" ")), { modal: true, detail: reason }, run)) === run;
}
