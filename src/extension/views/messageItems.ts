import * as vscode from "vscode";
import { DEFAULT_GROUP, type Instant, type Message } from "../../core/index.ts";
import { rowContext } from "../contexts.ts";
import { bothTimes, deadCount, described, firstLine, preview, shortTime } from "../models/format.ts";
import type { DeadLetterNode, DeadQueueNode, MessageNode } from "../models/nodes.ts";
import { isForeign, isWritable } from "./abilities.ts";
import { untilUri } from "./countdowns.ts";
import { Tooltip } from "./tooltip.ts";


export function messageItem(node: MessageNode): vscode.TreeItem {
  const { message, popped } = node;
  const item = new vscode.TreeItem(message.id);
  const held = popped !== undefined;
  const until = popped?.leaseExpiresAt ?? message.until;
  const parts = [
    untilText(message, until),
    message.worker ?? "",
    message.group === DEFAULT_GROUP ? "" : message.group,
    message.partition ?? "",
    preview(message.payload, 60),
  ].filter((part) => part !== "");
  item.description = described(parts);
  item.iconPath = messageIcon(message, held);
  if (until !== null && untilText(message, until) !== "") item.resourceUri = untilUri(message.id, until);
  item.contextValue = rowContext("message", message.state === "completed" ? false : message.state, held && "held", isForeign(node.queue) && "foreign", isWritable(node.connection) && "writable");
  item.tooltip = messageTooltip(message, held);
  if (held) item.accessibilityInformation = { label: [message.id, vscode.l10n.t("popped here"), ...parts].join(", ") };
  item.command = { command: "queuescope.openMessage", title: vscode.l10n.t("Open Message"), arguments: [node] };
  return item;
}

function untilText(message: Message, until: Instant | null): string {
  if (until === null) return "";
  const time = shortTime(until, Date.now());
  switch (message.state) {
    case "leased":
      return vscode.l10n.t("until {0}", time);
    case "scheduled":
      return vscode.l10n.t("due {0}", time);
    case "retrying":
      return vscode.l10n.t("retry {0}", time);
    case "ready":
    case "completed":
    case "dead":
      return "";
  }
}

function messageIcon(message: Message, held: boolean): vscode.ThemeIcon {
  switch (message.state) {
    case "leased":
      return held ? new vscode.ThemeIcon("key", new vscode.ThemeColor("charts.blue")) : new vscode.ThemeIcon("lock");
    case "scheduled":
      return new vscode.ThemeIcon("clock");
    case "retrying":
      return new vscode.ThemeIcon("debug-restart");
    case "dead":
      return new vscode.ThemeIcon("error");
    case "completed":
      return new vscode.ThemeIcon("check");
    case "ready":
      return new vscode.ThemeIcon("mail");
  }
}

function messageTooltip(message: Message, held: boolean): vscode.MarkdownString {
  const tooltip = new Tooltip(`${message.queue} ${message.id}`)
    .line(vscode.l10n.t("State"), message.group === DEFAULT_GROUP ? message.state : vscode.l10n.t("{0} in group {1}", message.state, message.group))
    .line(vscode.l10n.t("Partition"), message.partition)
    .line(vscode.l10n.t("Transaction id"), message.transactionId === message.id ? null : message.transactionId)
    .line(vscode.l10n.t("Priority"), message.priority === 0 ? null : message.priority)
    .line(vscode.l10n.t("Pushed"), bothTimes(message.createdAt))
    .line(vscode.l10n.t("Until"), message.until === null ? null : bothTimes(message.until))
    .line(vscode.l10n.t("Failed attempts"), message.charges === 0 ? null : message.charges)
    .line(vscode.l10n.t("Deliveries"), message.deliveryCount === 0 ? null : message.deliveryCount)
    .line(vscode.l10n.t("Worker"), message.worker)
    .line(vscode.l10n.t("Last error"), message.lastError === null ? null : firstLine(message.lastError, 200));
  if (held) tooltip.text(vscode.l10n.t("Popped here: acknowledge, reject or release it before its lease ends."));
  return tooltip.code(preview(message.payload, 400), message.payload.encoding === "json" ? "json" : "").value;
}

export function deadQueueItem(node: DeadQueueNode): vscode.TreeItem {
  const item = new vscode.TreeItem(node.queue, vscode.TreeItemCollapsibleState.Expanded);
  item.description = described([deadCount(node.count), node.amongOthers ? node.connection.label : ""]);
  item.iconPath = new vscode.ThemeIcon("inbox");
  item.contextValue = rowContext("deadQueue", isForeign(node.queue) && "foreign", isWritable(node.connection) && "writable");
  item.tooltip = vscode.l10n.t("Dead letters of {0} in {1}", node.queue, node.connection.label);
  return item;
}

/** The error stands first: it is what people look for. */
export function deadLetterItem(node: DeadLetterNode): vscode.TreeItem {
  const { deadLetter } = node;
  const item = new vscode.TreeItem(deadLetter.error === null ? reasonText(deadLetter.reason) : firstLine(deadLetter.error, 120));
  item.description = described([
    deadLetter.messageId,
    deadLetter.group === DEFAULT_GROUP ? "" : deadLetter.group,
    deadLetter.partition ?? "",
    shortTime(deadLetter.deadAt, Date.now()),
  ]);
  item.iconPath = new vscode.ThemeIcon("error", new vscode.ThemeColor("list.errorForeground"));
  item.contextValue = rowContext("deadLetter", isForeign(node.queue) && "foreign", isWritable(node.connection) && "writable");
  item.command = { command: "queuescope.openMessage", title: vscode.l10n.t("Open Message"), arguments: [node] };
  const tooltip = new Tooltip(`${deadLetter.queue} ${deadLetter.messageId}`)
    .line(vscode.l10n.t("Dead letter"), deadLetter.id)
    .line(vscode.l10n.t("Reason"), reasonText(deadLetter.reason))
    .line(vscode.l10n.t("Group"), deadLetter.group)
    .line(vscode.l10n.t("Partition"), deadLetter.partition)
    .line(vscode.l10n.t("Attempts"), deadLetter.attempts)
    .line(vscode.l10n.t("Pushed"), bothTimes(deadLetter.createdAt))
    .line(vscode.l10n.t("Died"), bothTimes(deadLetter.deadAt));
  const stack = deadLetter.stack?.slice(0, 1500) ?? "";
  // Most stacks begin with it; a program's holds what it wrote instead.
  if (deadLetter.error !== null && !stack.includes(deadLetter.error)) tooltip.code(deadLetter.error);
  if (stack !== "") tooltip.code(stack);
  item.tooltip = tooltip.code(preview(deadLetter.payload, 400), deadLetter.payload.encoding === "json" ? "json" : "").value;
  return item;
}

function reasonText(reason: DeadLetterNode["deadLetter"]["reason"]): string {
  switch (reason) {
    case "retries-exhausted":
      return vscode.l10n.t("retries exhausted");
    case "rejected":
      return vscode.l10n.t("rejected");
    case "lease-expired":
      return vscode.l10n.t("lease expired");
  }
}
