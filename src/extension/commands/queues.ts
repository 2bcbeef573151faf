import * as vscode from "vscode";
import { DEFAULT_OPTIONS, OPTION_SPECS, type OptionSpec, type QueueInfo, queueName, type QueueOptionsInput } from "../../core/index.ts";
import { purgeable } from "../loaders/purgeable.ts";
import { deadCount } from "../models/format.ts";
import { asNode, pickConnection, pickQueue, type QueueTarget } from "./target.ts";
import { ask, confirm, inform, inSteps } from "./ask.ts";
import type { CommandFamily } from "./types.ts";

export const queueCommands = {
  "queuescope.createQueue": async (app, argument) => {
    const connection = await pickConnection(app, argument);
    if (connection === undefined) return;
    const name = await ask({ title: vscode.l10n.t("Create Queue"), prompt: vscode.l10n.t("Name of the queue"), placeHolder: "orders", check: queueName });
    if (name === undefined) return;
    const broker = await connection.open();
    await broker.queues.create(name);
    app.connections.changed();
    const configure = vscode.l10n.t("Configure…");
    const push = vscode.l10n.t("Push Message…");
    // Not awaited: the queue is there, whatever is answered and whenever.
    void vscode.window.showInformationMessage(vscode.l10n.t("Queue {0} was created.", name), push, configure).then(async (chosen) => {
      const target: QueueTarget = { connection, queue: name, partition: undefined, group: undefined };
      if (chosen === push) await vscode.commands.executeCommand("queuescope.pushMessage", target);
      if (chosen === configure) await vscode.commands.executeCommand("queuescope.configureQueue", target);
    });
  },

  "queuescope.configureQueue": async (app, argument) => {
    const target = await pickQueue(app, argument, vscode.l10n.t("Configure Queue"));
    if (target === undefined) return;
    const broker = await target.connection.open();
    // One option after the other, until the list is left.
    let chosen = await pickOption(await broker.queues.get(target.queue));
    while (chosen !== undefined) {
      const input = await askOption(target.queue, chosen.spec, chosen.shown);
      if (input !== undefined) await broker.queues.configure(target.queue, input);
      chosen = await pickOption(await broker.queues.get(target.queue));
    }
  },

  "queuescope.pauseQueue": async (app, argument) => {
    const target = await pickQueue(app, argument, vscode.l10n.t("Pause Queue"));
    if (target === undefined) return;
    await (await target.connection.open()).queues.pause(target.queue);
    inform(vscode.l10n.t("{0} is paused: nothing is delivered until it is resumed.", target.queue));
  },

  "queuescope.resumeQueue": async (app, argument) => {
    const target = await pickQueue(app, argument, vscode.l10n.t("Resume Queue"));
    if (target === undefined) return;
    await (await target.connection.open()).queues.resume(target.queue);
    inform(vscode.l10n.t("{0} delivers again.", target.queue));
  },

  "queuescope.purgeQueue": async (app, argument) => {
    const target = await pickQueue(app, argument, vscode.l10n.t("Purge Messages"));
    if (target === undefined) return;
    await purge(target);
  },

  "queuescope.deleteQueue": async (app, argument) => {
    const node = asNode(argument);
    const target = await pickQueue(app, node, vscode.l10n.t("Delete Queue"));
    if (target === undefined) return;
    const { inspect, queues } = await target.connection.open();
    const { messages } = await inspect.stats(target.queue);
    const dead = await inspect.countDeadLetters(target.queue);
    const sure = await confirm(
      vscode.l10n.t("Delete queue {0} of {1} with {2} messages and {3} dead letters?", target.queue, target.connection.label, messages.toLocaleString(), deadCount(dead)),
      vscode.l10n.t("Delete Queue"),
      vscode.l10n.t("Its groups and traces go too. This can't be undone."),
    );
    if (!sure) return;
    await queues.delete(target.queue);
    inform(vscode.l10n.t("Queue {0} was deleted.", target.queue));
  },
} satisfies Partial<CommandFamily>;

interface OptionItem extends vscode.QuickPickItem {
  readonly spec: OptionSpec;
  readonly shown: string;
}

async function pickOption(queue: QueueInfo): Promise<OptionItem | undefined> {
  const items = OPTION_SPECS.map((spec): OptionItem => {
    const shown = spec.show(queue.options[spec.name]);
    const changed = JSON.stringify(queue.options[spec.name]) !== JSON.stringify(DEFAULT_OPTIONS[spec.name]);
    return { spec, shown, label: changed ? `$(edit) ${spec.name}` : spec.name, description: shown === "" ? vscode.l10n.t("none") : shown, detail: spec.description };
  });
  return vscode.window.showQuickPick(items, { title: vscode.l10n.t("Options of {0}", queue.name), placeHolder: vscode.l10n.t("Pick an option to change it"), matchOnDescription: true, matchOnDetail: true });
}

async function askOption(queue: string, spec: OptionSpec, shown: string): Promise<QueueOptionsInput | undefined> {
  const title = vscode.l10n.t("{0}: {1}", queue, spec.name);
  const input = (value: unknown): QueueOptionsInput => ({ [spec.name]: value });
  const reset = vscode.l10n.t("default ({0})", spec.show(DEFAULT_OPTIONS[spec.name]) || vscode.l10n.t("none"));
  if (spec.values !== undefined) {
    const chosen = await vscode.window.showQuickPick([...spec.values, reset], { title, placeHolder: spec.description });
    return chosen === undefined ? undefined : input(chosen === reset ? null : chosen);
  }
  const text = await ask({
    title,
    prompt: `${spec.description} ${vscode.l10n.t("Empty: {0}.", reset)}`,
    // What is shown of a backoff also says max and jitter; its kind or delays are what is written.
    value: spec.name === "backoff" ? (shown.split(" ")[0] ?? "") : shown,
    check: (typed) => typed.trim() === "" || spec.read(typed.trim()),
  });
  return text === undefined ? undefined : input(text.trim() === "" ? null : text.trim());
}

async function purge({ connection, queue, partition }: QueueTarget): Promise<void> {
  const broker = await connection.open();
  const count = await purgeable(broker, queue, partition);
  if (count === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("There is nothing to purge in {0}.", partition ?? queue));
    return;
  }
  const question =
    partition === undefined
      ? vscode.l10n.t("Remove {0} messages from queue {1} of {2}?", count.toLocaleString(), queue, connection.label)
      : vscode.l10n.t("Remove {0} messages from partition {1} of queue {2}?", count.toLocaleString(), partition, queue);
  const sure = await confirm(question, vscode.l10n.t("Remove Messages"), vscode.l10n.t("Ready, retrying, scheduled and completed ones go; leased ones and dead letters stay. This can't be undone."));
  if (!sure) return;
  let after: string | null = null;
  const removed = await inSteps(vscode.l10n.t("Purging {0}", queue), count, async () => {
    const result: Awaited<ReturnType<typeof broker.repair.purge>> = await broker.repair.purge(queue, { ...(partition === undefined ? {} : { partition }), ...(after === null ? {} : { after }) });
    after = result.next;
    return { done: result.removed, more: result.more };
  });
  inform(vscode.l10n.t("{0} messages were removed from {1}.", removed.toLocaleString(), queue));
}
