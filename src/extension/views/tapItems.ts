import * as vscode from "vscode";
import { guessedPayload } from "../../core/index.ts";
import { rowContext } from "../contexts.ts";
import { bothTimes, described, preview } from "../models/format.ts";
import type { ArrivalNode, RecordingNode, TapNode } from "../models/nodes.ts";
import type { Running } from "../taps/taps.ts";
import { isWritable } from "./abilities.ts";
import { Tooltip } from "./tooltip.ts";


export function tapItem({ tap, connection, amongOthers }: TapNode): vscode.TreeItem {
  const { stats, ended } = tap;
  const item = new vscode.TreeItem(tap.subjects.join(" "), vscode.TreeItemCollapsibleState.Expanded);
  const running = ended === undefined;
  const received = stats.received.toLocaleString();
  item.description = whatAndWhere(tap, amongOthers, running ? vscode.l10n.t("{0} heard", received) : vscode.l10n.t("stopped after {0}", received));
  item.iconPath = new vscode.ThemeIcon(running ? "broadcast" : "circle-slash");
  item.contextValue = rowContext("tap", running && "running", isWritable(connection) && "writable");
  item.tooltip = tapTooltip(tap).line(vscode.l10n.t("Still kept"), stats.buffered).text(ended ?? "").value;
  return item;
}

export function recordingItem({ recording, connection, amongOthers }: RecordingNode): vscode.TreeItem {
  const { stats, ended, queue } = recording;
  const item = new vscode.TreeItem(recording.subjects.join(" "));
  const running = ended === undefined;
  const pushed = stats.pushed.toLocaleString();
  item.description = whatAndWhere(recording, amongOthers, running ? vscode.l10n.t("{0} pushed to {1}", pushed, queue) : vscode.l10n.t("stopped after {0} pushed to {1}", pushed, queue));
  // What can't be pushed now is tried again; nobody should find out by what is missing.
  const failing = stats.buffered > 0 && stats.lastError !== null;
  item.iconPath = running ? new vscode.ThemeIcon("record", failing ? new vscode.ThemeColor("list.warningForeground") : undefined) : new vscode.ThemeIcon("circle-slash");
  item.contextValue = rowContext("tap", "recording", running && "running", isWritable(connection) && "writable");
  item.tooltip = tapTooltip(recording)
    .line(vscode.l10n.t("Pushed to {0}", queue), stats.pushed)
    .line(vscode.l10n.t("Of these, there already"), stats.duplicates === 0 ? null : stats.duplicates)
    .line(vscode.l10n.t("Waiting to be pushed"), stats.buffered === 0 ? null : stats.buffered)
    .line(vscode.l10n.t("Refused by the queue, and lost"), stats.refused === 0 ? null : stats.refused)
    .line(vscode.l10n.t("Lost, because more came than could wait"), stats.dropped === 0 ? null : stats.dropped)
    .line(vscode.l10n.t("Last error"), stats.lastError?.message)
    .text(ended ?? "").value;
  return item;
}

function whatAndWhere({ connection, group }: Running, amongOthers: boolean, what: string): string {
  return described([
    what,
    connection.state === "lost" ? vscode.l10n.t("connection lost") : "",
    group === null ? "" : vscode.l10n.t("queue group {0}", group),
    amongOthers ? connection.label : "",
  ]);
}

function tapTooltip({ subjects, connection, stats }: Running): Tooltip {
  return new Tooltip(subjects.join(" "))
    .line(vscode.l10n.t("Connection"), connection.label)
    .line(vscode.l10n.t("Since"), bothTimes(stats.since))
    .line(vscode.l10n.t("Heard"), stats.received)
    .line(vscode.l10n.t("Interruptions, in which things went by unheard"), stats.interruptions === 0 ? null : stats.interruptions);
}

export function arrivalItem(node: ArrivalNode): vscode.TreeItem {
  const { message, number } = node.arrival;
  const payload = guessedPayload(message.bytes);
  const item = new vscode.TreeItem(message.subject);
  item.description = described([preview(payload, 60), message.receivedAt.toLocaleTimeString()]);
  item.iconPath = new vscode.ThemeIcon(message.reply === null ? "mail" : "question");
  item.contextValue = rowContext("arrival", isWritable(node.connection) && "writable");
  item.tooltip = new Tooltip(`${message.subject} ${number}`)
    .line(vscode.l10n.t("Heard"), bothTimes(message.receivedAt.getTime()))
    .line(vscode.l10n.t("Waits for an answer on"), message.reply)
    .line(vscode.l10n.t("Headers"), Object.entries(message.headers).map(([name, value]) => `${name}: ${typeof value === "string" ? value : value.join(", ")}`).join("; "))
    .code(preview(payload, 400), payload.encoding === "json" ? "json" : "").value;
  item.command = { command: "queuescope.openArrival", title: vscode.l10n.t("Open"), arguments: [node] };
  return item;
}
