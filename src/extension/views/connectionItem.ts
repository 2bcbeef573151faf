import * as vscode from "vscode";
import type { Connection } from "../connections/connection.ts";
import { CredentialsMissing } from "../connections/credentials.ts";
import { rowContext } from "../contexts.ts";
import { errorText } from "../errors.ts";
import type { ConnectionNode } from "../models/nodes.ts";
import { isWritable } from "./abilities.ts";
import { Tooltip } from "./tooltip.ts";

export function connectionItem({ connection }: ConnectionNode): vscode.TreeItem {
  const { broker, state, origin, remote } = connection;
  // Open from the first on: a row that gets its rows only later may stay shut.
  const hasRows = state !== "disconnected" && state !== "failed";
  const item = new vscode.TreeItem(connection.label, hasRows || !remote ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None);
  item.contextValue = rowContext(
    "connection",
    state === "failed" && "failed",
    remote && "remote",
    remote && (state === "disconnected" || state === "failed") && "disconnected",
    state === "failed" && connection.error instanceof CredentialsMissing && connection.secret !== undefined && "lacksCredentials",
    connection.secret !== undefined && "keepsCredentials",
    origin !== "own" && "removable",
    origin === "localNats" && "localNats",
    state === "open" && broker?.subjects != null && "nats",
    state !== "failed" && state !== "disconnected" && isWritable(connection) && "writable",
  );
  item.iconPath = connectionIcon(connection);
  item.description = description(connection);
  const tooltip = new Tooltip(connection.label);
  if (broker !== undefined) tooltip.line(vscode.l10n.t("Broker"), broker.capabilities.version).line("URL", broker.url);
  if (state === "failed" || state === "lost") tooltip.text(errorText(connection.error));
  if (state === "lost") tooltip.text(vscode.l10n.t("It is tried again until it is there; nothing has to be done here."));
  for (const limit of broker?.capabilities.limits ?? []) tooltip.text(limit);
  item.tooltip = tooltip.value;
  return item;
}

function description(connection: Connection): string {
  switch (connection.state) {
    case "connecting":
      return vscode.l10n.t("connecting…");
    case "lost":
      return vscode.l10n.t("connection lost");
    case "failed":
      return connection.origin === "localNats" ? vscode.l10n.t("not running") : vscode.l10n.t("not connected");
    case "disconnected":
      return vscode.l10n.t("disconnected");
    case "absent":
      return vscode.l10n.t("no queues yet");
    case "open":
    case "closed":
      return isWritable(connection) ? "" : vscode.l10n.t("read-only");
  }
}

function connectionIcon({ state, remote, broker, origin }: Connection): vscode.ThemeIcon {
  // It ends with each window: nothing is wrong with it.
  if (origin === "localNats" && state === "failed") return new vscode.ThemeIcon("debug-disconnect");
  switch (state) {
    case "failed":
      return new vscode.ThemeIcon("error", new vscode.ThemeColor("list.errorForeground"));
    case "lost":
      return new vscode.ThemeIcon("debug-disconnect", new vscode.ThemeColor("list.warningForeground"));
    case "connecting":
      return new vscode.ThemeIcon("loading~spin");
    case "disconnected":
      return new vscode.ThemeIcon("debug-disconnect");
    case "absent":
    case "open":
    case "closed":
      return new vscode.ThemeIcon(remote || (broker !== undefined && broker.capabilities.broker !== "local") ? "plug" : "database");
  }
}
