import * as vscode from "vscode";
import { guessedPayload, type PushItem, subjectFilter, subjectGroup, subjectName } from "../../core/index.ts";
import type { App } from "../app.ts";
import type { Connection } from "../connections/connection.ts";
import { type Arrival, type Running, RunningTap } from "../taps/taps.ts";
import { ask, confirm, inform } from "./ask.ts";
import { asNode, nodesOf, pickQueue } from "./target.ts";
import type { CommandFamily } from "./types.ts";

/** Arrivals that are pushed in one call. */
const PUSHED_AT_ONCE = 100;

export const tapCommands = {
  "queuescope.startTap": async (app, argument) => {
    const connection = await pickNats(app, argument, vscode.l10n.t("Start Tap"));
    if (connection === undefined) return;
    const heard = await askHeard(vscode.l10n.t("Tap on {0}", connection.label));
    if (heard === undefined) return;
    await app.taps.start(connection, heard.subjects, heard.group);
    await vscode.commands.executeCommand("queuescope.taps.focus");
  },

  "queuescope.tapIntoQueue": async (app, argument) => {
    const title = vscode.l10n.t("Tap into Queue");
    const connection = await pickNats(app, argument, title);
    if (connection === undefined) return;
    const heard = await askHeard(vscode.l10n.t("Tap on {0} into a queue", connection.label));
    const target = heard === undefined ? undefined : await pickQueue(app, undefined, title, { allowNew: true });
    const bySubject = target === undefined ? undefined : await pickOrder(title);
    if (heard === undefined || target === undefined || bySubject === undefined) return;
    await app.taps.record(connection, heard.subjects, heard.group, { connection: target.connection, queue: target.queue, bySubject });
    await vscode.commands.executeCommand("queuescope.taps.focus");
    inform(vscode.l10n.t("What is heard goes into {0}, as long as this window is open.", target.queue));
  },

  "queuescope.stopTap": async (app, argument) => {
    const tap = await pickTap(argument, vscode.l10n.t("Stop Tap"), app.taps.all.filter(({ ended }) => ended === undefined));
    await tap?.stop();
  },

  "queuescope.clearTap": async (app, argument) => {
    (await pickTap(argument, vscode.l10n.t("Clear Arrivals"), keepingArrivals(app)))?.clear();
  },

  "queuescope.removeTap": async (app, argument) => {
    const tap = await pickTap(argument, vscode.l10n.t("Remove Tap"), app.taps.all);
    if (tap !== undefined) await app.taps.remove(tap);
  },

  "queuescope.openArrival": async (app, argument) => {
    const node = asNode(argument);
    if (node?.kind !== "arrival") return;
    const { tap, arrival, connection } = node;
    await app.documents.show({ kind: "arrival", connection: connection.id, tap: tap.id, number: String(arrival.number), subject: arrival.message.subject });
  },

  "queuescope.saveArrivals": async (app, ...args) => {
    const nodes = nodesOf("arrival", args);
    const tap = nodes[0]?.tap ?? (await pickTap(args[0], vscode.l10n.t("Save Arrivals"), keepingArrivals(app).filter(({ stats }) => stats.buffered > 0)));
    if (tap === undefined) return;
    // As they came.
    const arrivals = nodes.length > 0 ? nodes.map(({ arrival }) => arrival).sort((a, b) => a.number - b.number) : tap.arrivals().toReversed();
    await save(app, tap, arrivals);
  },

  "queuescope.publish": async (app, argument) => {
    const node = asNode(argument);
    const connection = await pickNats(app, argument, vscode.l10n.t("Publish"));
    const client = connection === undefined ? undefined : (await connection.open(), connection.opened?.client);
    if (connection === undefined || client === undefined) return;
    const title = vscode.l10n.t("Publish to {0}", connection.label);
    const subject = await ask({ title, prompt: vscode.l10n.t("Subject"), value: node?.kind === "arrival" ? node.arrival.message.subject : "", check: (text) => subjectName(text.trim()) });
    if (subject === undefined) return;
    const data = await ask({ title, prompt: vscode.l10n.t("What to publish on {0}: text or JSON, sent as it is", subject.trim()), ...(node?.kind === "arrival" ? { value: node.arrival.message.text } : {}) });
    if (data === undefined) return;
    await client.publish(subject.trim(), data);
    inform(vscode.l10n.t("Published on {0}.", subject.trim()));
  },
} satisfies Partial<CommandFamily>;

interface Heard {
  readonly subjects: readonly string[];
  readonly group: string | undefined;
}

/** What a tap listens to. */
async function askHeard(title: string): Promise<Heard | undefined> {
  const typed = await ask({ title, prompt: vscode.l10n.t("Subjects, with blanks between; * stands for one token, a last > for the rest"), placeHolder: "orders.*.created payments.>", check: (text) => subjectsIn(text) });
  if (typed === undefined) return undefined;
  const group = (await ask({ title, prompt: vscode.l10n.t("Queue group, to share messages with its other members; empty to hear all"), check: (text) => text.trim() === "" || subjectGroup(text.trim()) }))?.trim();
  if (group === undefined) return undefined;
  const subjects = subjectsIn(typed);
  if (group === "") return { subjects, group: undefined };
  // A member of a queue group takes messages away from the others.
  const sure = await confirm(vscode.l10n.t("Join the queue group {0}?", group), vscode.l10n.t("Join"), vscode.l10n.t("What this tap hears, the other members of the group don't get."));
  return sure ? { subjects, group } : undefined;
}

/** Whether each subject becomes a partition. */
async function pickOrder(title: string): Promise<boolean | undefined> {
  const items = [
    { label: vscode.l10n.t("$(arrow-both) No order"), description: vscode.l10n.t("any number of workers at once"), bySubject: false },
    { label: vscode.l10n.t("$(list-ordered) In order by subject"), description: vscode.l10n.t("each subject is a partition"), bySubject: true },
  ];
  return (await vscode.window.showQuickPick(items, { title, placeHolder: vscode.l10n.t("Is the order of the messages to be kept?") }))?.bySubject;
}

function keepingArrivals(app: App): RunningTap[] {
  return app.taps.all.filter((one) => one instanceof RunningTap);
}

function subjectsIn(text: string): string[] {
  const subjects = text.split(/[\s,]+/).filter((subject) => subject !== "");
  if (subjects.length === 0) throw new Error(vscode.l10n.t("Name at least one subject."));
  return subjects.map((subject) => subjectFilter(subject));
}

async function save(app: App, tap: RunningTap, arrivals: readonly Arrival[]): Promise<void> {
  const target = await pickQueue(app, undefined, vscode.l10n.t("Save {0} Arrivals into a Queue", arrivals.length), { allowNew: true });
  if (target === undefined) return;
  const { queueHeaders } = await import("../../client/taps-recording.ts");
  const { messages } = await target.connection.open();
  const items = arrivals.map(({ number, message }): PushItem => {
    const { bytes: data, subject, headers, reply } = message;
    // Saved twice they are the same.
    return { payload: guessedPayload(data), headers: queueHeaders({ subject, headers, reply: reply ?? undefined }), transactionId: `tap-${tap.stats.since}-${tap.id}-${number}` };
  });
  let duplicates = 0;
  for (let from = 0; from < items.length; from += PUSHED_AT_ONCE) {
    const results = await messages.push(target.queue, items.slice(from, from + PUSHED_AT_ONCE));
    duplicates += results.filter(({ status }) => status === "duplicate").length;
  }
  app.connections.changed();
  inform(duplicates === 0 ? vscode.l10n.t("{0} pushed to {1}.", items.length, target.queue) : vscode.l10n.t("{0} pushed to {1}, {2} were there already.", items.length - duplicates, target.queue, duplicates));
}

async function pickNats(app: App, argument: unknown, title: string): Promise<Connection | undefined> {
  const node = asNode(argument);
  if (node !== undefined && "connection" in node) return node.connection;
  const fitting = (await app.connections.all()).filter(({ remote, state }) => remote && state !== "disconnected");
  if (fitting.length > 1) return (await vscode.window.showQuickPick(fitting.map((connection) => ({ label: connection.label, description: connection.broker?.url ?? "", connection })), { title }))?.connection;
  if (fitting.length === 1) return fitting[0];
  const add = vscode.l10n.t("Add Connection");
  const chosen = await vscode.window.showInformationMessage(vscode.l10n.t("Subjects are on NATS, and no connection goes there yet."), add);
  if (chosen === add) await vscode.commands.executeCommand("queuescope.addConnection");
  return undefined;
}

/** The row's, the only one among those that fit, or a picked one. */
async function pickTap<T extends Running>(argument: unknown, title: string, fitting: readonly T[]): Promise<T | undefined> {
  const node = asNode(argument);
  const clicked = node?.kind === "tap" || node?.kind === "arrival" ? node.tap : node?.kind === "recording" ? node.recording : undefined;
  if (clicked !== undefined) return fitting.find((one) => one === clicked);
  if (fitting.length === 0) void vscode.window.showInformationMessage(vscode.l10n.t("There is no tap to do that with. Start Tap makes one."));
  if (fitting.length <= 1) return fitting[0];
  return (await vscode.window.showQuickPick(fitting.map((tap) => ({ label: tap.subjects.join(" "), description: tap.connection.label, tap })), { title }))?.tap;
}
