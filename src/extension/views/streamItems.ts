import * as vscode from "vscode";
import type { StreamConsumer, StreamKind } from "../../core/index.ts";
import { rowContext } from "../contexts.ts";
import { bothTimes, bytesText, described, preview, shortTime } from "../models/format.ts";
import type { StreamNode, StreamPart, StreamsViewNode } from "../models/nodes.ts";
import { Tooltip } from "./tooltip.ts";

const { Collapsed } = vscode.TreeItemCollapsibleState;

export function streamItem(node: StreamsViewNode): vscode.TreeItem {
  const item = plainItem(node);
  if (node.kind !== "streams" && node.kind !== "stream" && node.kind !== "streamPart") item.command = { command: "queuescope.openStreamItem", title: vscode.l10n.t("Open"), arguments: [node] };
  return item;
}

function plainItem(node: StreamsViewNode): vscode.TreeItem {
  switch (node.kind) {
    case "streams": {
      const item = row(vscode.l10n.t("Streams"), "layers", Collapsed);
      item.tooltip = vscode.l10n.t("Streams, consumers and buckets that aren't Queuescope's. They are only looked at: nothing is consumed or changed.");
      return item;
    }
    case "stream":
      return wholeStream(node);
    case "streamPart":
      return row(partLabel(node.part), partIcon(node.part), Collapsed);
    case "subject": {
      const item = row(node.subject.subject, "symbol-string");
      item.description = node.subject.messages.toLocaleString();
      item.contextValue = rowContext("streamItem");
      return item;
    }
    case "consumer":
      return consumerItem(node.consumer);
    case "streamMessage": {
      const { message } = node;
      const item = row(message.subject, "mail");
      item.description = described([String(message.sequence), shortTime(message.at, Date.now()), preview(message.payload, 60)]);
      item.contextValue = rowContext("streamItem");
      item.tooltip = new Tooltip(`${message.stream} ${message.sequence}`)
        .line(vscode.l10n.t("Subject"), message.subject)
        .line(vscode.l10n.t("Stored"), bothTimes(message.at))
        .line(vscode.l10n.t("Format"), message.format)
        .code(preview(message.payload, 400), message.payload.encoding === "json" ? "json" : "").value;
      return item;
    }
    case "key": {
      const item = row(node.key, "key");
      item.contextValue = rowContext("streamItem");
      return item;
    }
  }
}

function wholeStream({ stream }: StreamNode): vscode.TreeItem {
  const item = row(stream.name, streamIcon(stream.kind), Collapsed);
  item.description = described([stream.messages === 1 ? vscode.l10n.t("1 message") : vscode.l10n.t("{0} messages", stream.messages.toLocaleString()), bytesText(stream.bytes)]);
  item.contextValue = rowContext("stream");
  item.tooltip = new Tooltip(stream.name)
    .line(vscode.l10n.t("Subjects"), stream.subjects.slice(0, 10).join(", "))
    .line(vscode.l10n.t("Consumers"), stream.consumers)
    .line(vscode.l10n.t("Created"), bothTimes(stream.createdAt)).value;
  return item;
}

function consumerItem(consumer: StreamConsumer): vscode.TreeItem {
  const item = row(consumer.name, "person");
  item.description = described([vscode.l10n.t("{0} pending", consumer.pending.toLocaleString()), consumer.ackPending > 0 ? vscode.l10n.t("{0} unacknowledged", consumer.ackPending.toLocaleString()) : "", consumer.paused ? vscode.l10n.t("paused") : ""]);
  item.contextValue = rowContext("streamItem");
  item.tooltip = new Tooltip(consumer.name)
    .line(vscode.l10n.t("Subjects"), consumer.filters.join(", "))
    .line(vscode.l10n.t("Durable"), consumer.durable ? vscode.l10n.t("yes") : vscode.l10n.t("no"))
    .line(vscode.l10n.t("Last active"), consumer.lastActiveAt === null ? null : bothTimes(consumer.lastActiveAt)).value;
  return item;
}

function row(label: string, icon: string, state = vscode.TreeItemCollapsibleState.None): vscode.TreeItem {
  const item = new vscode.TreeItem(label, state);
  item.iconPath = new vscode.ThemeIcon(icon);
  return item;
}

function streamIcon(kind: StreamKind): string {
  switch (kind) {
    case "stream":
      return "list-flat";
    case "bucket":
      return "archive";
    case "objects":
      return "file-binary";
  }
}

function partIcon(part: StreamPart): string {
  switch (part) {
    case "messages":
      return "mail";
    case "subjects":
      return "symbol-string";
    case "consumers":
      return "organization";
    case "keys":
      return "key";
  }
}

function partLabel(part: StreamPart): string {
  switch (part) {
    case "messages":
      return vscode.l10n.t("Latest Messages");
    case "subjects":
      return vscode.l10n.t("Subjects");
    case "consumers":
      return vscode.l10n.t("Consumers");
    case "keys":
      return vscode.l10n.t("Keys");
  }
}
