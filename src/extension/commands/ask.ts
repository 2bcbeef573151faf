import * as vscode from "vscode";
import { errorText } from "../errors.ts";

/** Makes a check that throws into one that an input box shows while the person types. */
export function checkedBy(check: (text: string) => unknown): (text: string) => string | undefined {
  return (text) => {
    try {
      check(text);
      return undefined;
    } catch (error) {
      return errorText(error);
    }
  };
}

export interface Question {
  readonly title: string;
  readonly prompt: string;
  readonly value?: string;
  readonly placeHolder?: string;
  readonly password?: boolean;
  /** Throws for what can't be accepted. */
  readonly check?: (text: string) => unknown;
}

/** `undefined`: cancelled. */
export function ask({ check, ...question }: Question): Thenable<string | undefined> {
  return vscode.window.showInputBox({ ...question, ignoreFocusOut: true, ...(check === undefined ? {} : { validateInput: checkedBy(check) }) });
}

/** Asks before something that can't be undone. The message names the exact count and target. */
export async function confirm(message: string, action: string, detail?: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(message, { modal: true, ...(detail === undefined ? {} : { detail }) }, action)) === action;
}

type Step = () => Promise<{ readonly done: number; readonly more: boolean }>;

/** Work in steps, each of which answers how much it did and whether there is more. From the second on, there is a progress that can be cancelled. */
export async function inSteps(title: string, total: number, step: Step): Promise<number> {
  const first = await step();
  if (!first.more) return first.done;
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
    let { done, more } = first;
    const report = (added: number): void => { progress.report({ message: done.toLocaleString(), increment: total > 0 ? (100 * added) / total : 0 }); };
    report(done);
    while (more && !token.isCancellationRequested) {
      const result = await step();
      done += result.done;
      more = result.more;
      report(result.done);
    }
    return done;
  });
}

/** A short confirmation that needs no answer. */
export function inform(message: string): void {
  vscode.window.setStatusBarMessage(message, 5000);
}
