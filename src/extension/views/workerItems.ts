import * as vscode from "vscode";
import type { WorkerInfo } from "../../core/index.ts";
import { rowContext } from "../contexts.ts";
import { bothTimes, described } from "../models/format.ts";
import type { WorkerDefinitionNode, WorkerInstanceNode } from "../models/nodes.ts";
import { isWritable } from "./abilities.ts";
import { Tooltip } from "./tooltip.ts";


export function workerDefinitionItem({ connection, definition, running }: WorkerDefinitionNode): vscode.TreeItem {
  const { settings } = definition;
  const item = new vscode.TreeItem(definition.name, running.length > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
  const state = running.length === 0 ? vscode.l10n.t("not running") : running.length === 1 ? vscode.l10n.t("running") : vscode.l10n.t("{0} running", running.length);
  item.description = described([settings.queues.join(", "), state]);
  item.iconPath = running.length > 0 ? new vscode.ThemeIcon("server-process", new vscode.ThemeColor("charts.green")) : new vscode.ThemeIcon("server-process");
  item.contextValue = rowContext("workerDefinition", running.length > 0 && "running", isWritable(connection) && "writable");
  item.tooltip = new Tooltip(definition.name)
    .line(vscode.l10n.t("Queue"), settings.queues.join(", "))
    .line(vscode.l10n.t("Group"), settings.group)
    .line(vscode.l10n.t("Handler"), settings.handler)
    .line(vscode.l10n.t("Command"), typeof settings.command === "object" ? settings.command.join(" ") : settings.command)
    .line(vscode.l10n.t("Concurrency"), settings.concurrency).value;
  return item;
}

export function workerInstanceItem({ worker }: WorkerInstanceNode): vscode.TreeItem {
  const item = new vscode.TreeItem(worker.name);
  item.description = described([
    statusText(worker),
    vscode.l10n.t("{0} processed", worker.processed.toLocaleString()),
    worker.failed > 0 ? vscode.l10n.t("{0} failed", worker.failed.toLocaleString()) : "",
    `pid ${worker.pid}`,
  ]);
  item.iconPath = statusIcon(worker);
  item.contextValue = rowContext("workerInstance", "running");
  item.tooltip = new Tooltip(worker.name)
    .line(vscode.l10n.t("Queue"), worker.queues.join(", "))
    .line(vscode.l10n.t("Group"), worker.group)
    .line(vscode.l10n.t("Status"), statusText(worker))
    .line(vscode.l10n.t("Works on"), worker.current.slice(0, 10).join(", "))
    .line(vscode.l10n.t("Concurrency"), worker.concurrency)
    .line(vscode.l10n.t("Host"), worker.host)
    .line("pid", worker.pid)
    .line(vscode.l10n.t("Started"), bothTimes(worker.startedAt)).value;
  return item;
}

function statusText(worker: WorkerInfo): string {
  switch (worker.status) {
    case "starting":
      return vscode.l10n.t("starting");
    case "idle":
      return vscode.l10n.t("idle");
    case "busy":
      return vscode.l10n.t("busy");
    case "stopping":
      return vscode.l10n.t("stopping");
    case "debugging":
      return vscode.l10n.t("debugging");
  }
}

function statusIcon(worker: WorkerInfo): vscode.ThemeIcon {
  switch (worker.status) {
    case "busy":
      return new vscode.ThemeIcon("sync", new vscode.ThemeColor("charts.green"));
    case "debugging":
      return new vscode.ThemeIcon("debug-alt", new vscode.ThemeColor("charts.orange"));
    case "starting":
    case "idle":
    case "stopping":
      return new vscode.ThemeIcon("circle-filled", new vscode.ThemeColor("charts.green"));
  }
}
