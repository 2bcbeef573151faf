import * as vscode from "vscode";
import { type AnyNode, type ConnectionNode, type MoreNode, nodeKey, type NoteNode } from "../models/nodes.ts";
import { PAGE_ROWS } from "../loaders/paging.ts";
import { deadLetterItem, deadQueueItem, messageItem } from "./messageItems.ts";
import { groupItem, partitionItem, queueItem, sectionItem } from "./queueItems.ts";
import { isWritable } from "./abilities.ts";
import { connectionItem } from "./connectionItem.ts";
import { streamItem } from "./streamItems.ts";
import { arrivalItem, recordingItem, tapItem } from "./tapItems.ts";
import { workerDefinitionItem, workerInstanceItem } from "./workerItems.ts";

/** How a row looks. */
export function treeItem(node: AnyNode): vscode.TreeItem {
  const item = plainItem(node);
  item.id = nodeKey(node);
  item.accessibilityInformation ??= { label: [item.label, item.description].filter((part): part is string => typeof part === "string" && part !== "").join(", ") };
  return item;
}

/** All that can be seen of a row: the same text means that it needn't be drawn again. */
export function rowLook(node: AnyNode): string {
  const { label, description, iconPath, contextValue, tooltip, collapsibleState, accessibilityInformation, resourceUri } = treeItem(node);
  return JSON.stringify([label, description, iconPath, contextValue, typeof tooltip === "string" ? tooltip : tooltip?.value, collapsibleState, accessibilityInformation, resourceUri?.toString()]);
}

function plainItem(node: AnyNode): vscode.TreeItem {
  switch (node.kind) {
    case "connection":
      return connectionItem(node);
    case "queue":
      return queueItem(node);
    case "section":
      return sectionItem(node);
    case "partition":
      return partitionItem(node);
    case "group":
      return groupItem(node);
    case "message":
      return messageItem(node);
    case "deadQueue":
      return deadQueueItem(node);
    case "deadLetter":
      return deadLetterItem(node);
    case "workerDefinition":
      return workerDefinitionItem(node);
    case "workerInstance":
      return workerInstanceItem(node);
    case "streams":
    case "stream":
    case "streamPart":
    case "subject":
    case "consumer":
    case "streamMessage":
    case "key":
      return streamItem(node);
    case "tap":
      return tapItem(node);
    case "recording":
      return recordingItem(node);
    case "arrival":
      return arrivalItem(node);
    case "more":
      return moreItem(node);
    case "note":
      return noteItem(node);
  }
}

function moreItem(node: MoreNode): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t("More…"));
  if (node.remaining !== undefined && node.remaining > 0) item.description = vscode.l10n.t("{0} more", node.remaining.toLocaleString());
  item.iconPath = new vscode.ThemeIcon("ellipsis");
  item.tooltip = vscode.l10n.t("Show the next {0}", PAGE_ROWS);
  item.command = { command: "queuescope.showMore", title: vscode.l10n.t("Show More"), arguments: [node] };
  return item;
}

function noteItem({ note, detail, connection }: NoteNode): vscode.TreeItem {
  switch (note) {
    case "noQueues": {
      const item = new vscode.TreeItem(vscode.l10n.t("No queues yet"));
      if (connection === undefined || !isWritable(connection)) return item;
      item.description = vscode.l10n.t("create the first");
      item.iconPath = new vscode.ThemeIcon("add");
      item.command = { command: "queuescope.createQueue", title: vscode.l10n.t("Create Queue…"), arguments: [{ kind: "connection", connection } satisfies ConnectionNode] };
      return item;
    }
    case "noMatch": {
      const item = new vscode.TreeItem(vscode.l10n.t("No name contains “{0}”", detail));
      item.iconPath = new vscode.ThemeIcon("info");
      return item;
    }
    case "lost": {
      const item = new vscode.TreeItem(vscode.l10n.t("Out of reach; it is tried again"));
      item.iconPath = new vscode.ThemeIcon("debug-disconnect");
      item.tooltip = detail;
      return item;
    }
    case "noArrivals": {
      const item = new vscode.TreeItem(vscode.l10n.t("Nothing heard yet"));
      item.iconPath = new vscode.ThemeIcon("ellipsis");
      return item;
    }
    case "failed": {
      const item = new vscode.TreeItem(detail);
      item.iconPath = new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"));
      item.tooltip = detail;
      item.command = { command: "queuescope.openLog", title: vscode.l10n.t("Open Log") };
      return item;
    }
  }
}
