import * as vscode from "vscode";
import { guessedPayload } from "../../core/index.ts";
import { rowContext } from "../contexts.ts";
import { bothTimes, preview } from "../models/format.ts";
import type { ArrivalNode, TapNode } from "../models/nodes.ts";
import { isWritable } from "./abilities.ts";
import { Tooltip } from "./tooltip.ts";

const SEPARATOR = " · ";

export function tapItem({ tap, connection, amongOthers }: TapNode): vscode.TreeItem {
  const { stats, ended, group } = tap;
  const item = new vscode.TreeItem(tap.subjects.join(" "), vscode.TreeItemCollapsibleState.Expanded);
  const running = ended === undefined;
  item.description = [
    running ? vscode.l10n.t("{0} heard", stats.received.toLocaleString()) : vscode.l10n.t("stopped after {0}", stats.received.toLocaleString()),
    connection.state === "lost" ? vscode.l10n.t("connection lost") : "",
    group === null ? "" : vscode.l10n.t("queue group {0}", group),
    amongOthers ? connection.label : "",
  ].filter((part) => part !== "").join(SEPARATOR);
  item.iconPath = new vscode.ThemeIcon(running ? "broadcast" : "circle-slash");
  item.contextValue = rowContext("tap", running && "running", isWritable(connection) && "writable");
  const tooltip = new Tooltip(tap.subjects.join(" "))
    .line(vscode.l10n.t("Connection"), connection.label)
    .line(vscode.l10n.t("Since"), bothTimes(stats.since))
    .line(vscode.l10n.t("Heard"), stats.received)
    .line(vscode.l10n.t("Still kept"), stats.buffered)
    .line(vscode.l10n.t("Interruptions, in which things went by unheard"), stats.interruptions === 0 ? null : stats.interruptions);
  if (ended !== undefined && ended !== "") tooltip.text(ended);
  item.tooltip = tooltip.value;
  return item;
}

export function arrivalItem(node: ArrivalNode): vscode.TreeItem {
  const { message, number } = node.arrival;
  const payload = guessedPayload(message.bytes);
  const item = new vscode.TreeItem(message.subject);
  item.description = [preview(payload, 60), message.receivedAt.toLocaleTimeString()].join(SEPARATOR);
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
