import * as vscode from "vscode";
import { type GroupStart, instant } from "../../core/index.ts";
import { ask, confirm, inform } from "./ask.ts";
import { pickGroup, pickQueue, type QueueTarget } from "./target.ts";
import type { App } from "../app.ts";
import type { CommandFamily } from "./types.ts";

export const groupCommands = {
  "queuescope.pauseGroup": (app, argument) =>
    withGroup(app, argument, vscode.l10n.t("Pause Group"), async ({ connection, queue }, group) => {
      await (await connection.open()).repair.pauseGroup(queue, group);
      inform(vscode.l10n.t("Group {0} of {1} is paused.", group, queue));
    }),

  "queuescope.resumeGroup": (app, argument) =>
    withGroup(app, argument, vscode.l10n.t("Resume Group"), async ({ connection, queue }, group) => {
      await (await connection.open()).repair.resumeGroup(queue, group);
      inform(vscode.l10n.t("Group {0} of {1} goes on.", group, queue));
    }),

  "queuescope.seekGroup": (app, argument) =>
    withGroup(app, argument, vscode.l10n.t("Seek Group"), async ({ connection, queue }, group) => {
      const to = await pickStart(queue, group);
      if (to === undefined) return;
      const broker = await connection.open();
      const info = (await broker.inspect.groups(queue)).find(({ name }) => name === group);
      const leased = info?.counts.leased ?? 0;
      const sure = await confirm(
        vscode.l10n.t("Move group {0} of {1} to {2}?", group, queue, to.text),
        vscode.l10n.t("Move Group"),
        vscode.l10n.t("{0} leases end, and retries and attempts are forgotten. Dead letters stay.", leased),
      );
      if (!sure) return;
      await broker.repair.seek(queue, group, to.start);
      inform(vscode.l10n.t("Group {0} of {1} stands at {2}.", group, queue, to.text));
    }),

  "queuescope.deleteGroup": (app, argument) =>
    withGroup(app, argument, vscode.l10n.t("Delete Group"), async ({ connection, queue }, group) => {
      const broker = await connection.open();
      const info = (await broker.inspect.groups(queue)).find(({ name }) => name === group);
      const sure = await confirm(
        vscode.l10n.t("Delete group {0} of {1}, which is {2} messages behind?", group, queue, (info?.lag ?? 0).toLocaleString()),
        vscode.l10n.t("Delete Group"),
        vscode.l10n.t("Its position is lost, its dead letters stay. The next pop makes it anew."),
      );
      if (!sure) return;
      await broker.repair.deleteGroup(queue, group);
      inform(vscode.l10n.t("Group {0} of {1} was deleted.", group, queue));
    }),
} satisfies Partial<CommandFamily>;

async function withGroup(app: App, argument: unknown, title: string, act: (target: QueueTarget, group: string) => Promise<void>): Promise<void> {
  const target = await pickQueue(app, argument, title);
  const group = target === undefined ? undefined : await pickGroup(target, title);
  if (target !== undefined && group !== undefined) await act(target, group);
}

interface StartItem extends vscode.QuickPickItem {
  readonly start: GroupStart | undefined;
}

async function pickStart(queue: string, group: string): Promise<{ readonly start: GroupStart; readonly text: string } | undefined> {
  const items: StartItem[] = [
    { start: "all", label: vscode.l10n.t("the oldest message"), description: vscode.l10n.t("everything is delivered again") },
    { start: "new", label: vscode.l10n.t("the end"), description: vscode.l10n.t("only what comes from now on") },
    { start: undefined, label: vscode.l10n.t("a time…"), description: vscode.l10n.t("what entered at or after it") },
  ];
  const title = vscode.l10n.t("Seek group {0} of {1}", group, queue);
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: vscode.l10n.t("Where to?") });
  if (chosen === undefined) return undefined;
  if (chosen.start !== undefined) return { start: chosen.start, text: chosen.label };
  const time = await ask({ title, prompt: vscode.l10n.t("Time in ISO 8601; UTC without a zone"), value: new Date(Date.now() - 3_600_000).toISOString(), check: (text) => instant(text, "time") });
  return time === undefined ? undefined : { start: instant(time, "time"), text: time };
}
