import * as vscode from "vscode";
import { DEFAULT_OPTIONS, OPTION_SPECS, type QueueOptions } from "../../core/index.ts";
import { rowContext } from "../contexts.ts";
import { bothTimes, deadCount, described, shortTime } from "../models/format.ts";
import type { GroupNode, PartitionNode, QueueNode, Section, SectionNode } from "../models/nodes.ts";
import { isForeign, isWritable } from "./abilities.ts";
import { untilUri } from "./countdowns.ts";
import { Tooltip } from "./tooltip.ts";

const MOST_PARTS = 2;

export function queueItem(node: QueueNode): vscode.TreeItem {
  const { queue, dead } = node;
  const { counts } = queue;
  const item = new vscode.TreeItem(queue.name, vscode.TreeItemCollapsibleState.Collapsed);
  const parts = [
    queue.paused ? vscode.l10n.t("paused") : "",
    counts.ready > 0 ? vscode.l10n.t("{0} ready", counts.ready.toLocaleString()) : "",
    dead > 0 ? vscode.l10n.t("{0} dead", deadCount(dead)) : "",
    counts.leased > 0 ? vscode.l10n.t("{0} leased", counts.leased.toLocaleString()) : "",
    counts.retrying > 0 ? vscode.l10n.t("{0} retrying", counts.retrying.toLocaleString()) : "",
    counts.scheduled > 0 ? vscode.l10n.t("{0} scheduled", counts.scheduled.toLocaleString()) : "",
  ].filter((part) => part !== "");
  // No more than a sidebar shows at its usual width: the rows below and the tooltip have the rest.
  item.description = parts.length === 0 ? vscode.l10n.t("empty") : described(parts.slice(0, MOST_PARTS));
  item.iconPath = queueIcon(node);
  item.contextValue = rowContext("queue", queue.paused && "paused", dead > 0 && "dead", isForeign(queue.name) && "foreign", isWritable(node.connection) && "writable");
  item.tooltip = queueTooltip(node);
  return item;
}

function queueIcon({ queue, dead }: QueueNode): vscode.ThemeIcon {
  if (queue.paused) return new vscode.ThemeIcon("debug-pause");
  return dead > 0 ? new vscode.ThemeIcon("inbox", new vscode.ThemeColor("list.warningForeground")) : new vscode.ThemeIcon("inbox");
}

function queueTooltip({ queue, dead }: QueueNode): vscode.MarkdownString {
  const { counts } = queue;
  const tooltip = new Tooltip(queue.name)
    .line(vscode.l10n.t("Ready (group default)"), counts.ready.toLocaleString())
    .line(vscode.l10n.t("Leased"), counts.leased.toLocaleString())
    .line(vscode.l10n.t("Retrying"), counts.retrying.toLocaleString())
    .line(vscode.l10n.t("Scheduled"), counts.scheduled.toLocaleString())
    .line(vscode.l10n.t("Dead letters (all groups)"), deadCount(dead))
    .line(vscode.l10n.t("Completed"), counts.completed.toLocaleString())
    .line(vscode.l10n.t("Created"), bothTimes(queue.createdAt));
  if (isForeign(queue.name)) tooltip.text(vscode.l10n.t("Another system's queue: its messages can be looked at, pushed and redriven. What else happens to them is up to its own workers and tools."));
  const changed = changedOptions(queue.options);
  if (changed.length > 0) tooltip.text(vscode.l10n.t("Options: {0}", changed.join(", ")));
  return tooltip.value;
}

/** Options that differ from the defaults, as `name=value`. */
function changedOptions(options: QueueOptions): string[] {
  return OPTION_SPECS.filter(({ name }) => JSON.stringify(options[name]) !== JSON.stringify(DEFAULT_OPTIONS[name])).map((spec) => `${spec.name}=${spec.show(options[spec.name])}`);
}

export function sectionItem(node: SectionNode): vscode.TreeItem {
  const { section, count, filter } = node;
  const item = new vscode.TreeItem(sectionLabel(section), count > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
  const shown = section === "dead" ? deadCount(count) : count.toLocaleString();
  item.description = described([shown, filter === "" ? "" : vscode.l10n.t("filter: {0}", filter)]);
  item.iconPath = sectionIcon(section, count);
  item.tooltip = sectionTooltip(section);
  item.contextValue = rowContext("section", section === "partitions" ? count > 0 && "partitions" : section === "groups" ? false : count > 0 && section, isForeign(node.queue) && "foreign", isWritable(node.connection) && "writable");
  return item;
}

function sectionLabel(section: Section): string {
  switch (section) {
    case "partitions":
      return vscode.l10n.t("Partitions");
    case "groups":
      return vscode.l10n.t("Groups");
    case "ready":
      return vscode.l10n.t("Ready");
    case "scheduled":
      return vscode.l10n.t("Scheduled");
    case "retrying":
      return vscode.l10n.t("Retrying");
    case "leased":
      return vscode.l10n.t("Leased");
    case "dead":
      return vscode.l10n.t("Dead Letters");
  }
}

function sectionTooltip(section: Section): string {
  switch (section) {
    case "partitions":
      return vscode.l10n.t("Each partition is handled in strict order. The most messages behind come first.");
    case "groups":
      return vscode.l10n.t("Each group sees every message. The most messages behind come first.");
    case "ready":
      return vscode.l10n.t("The messages that group default would get next.");
    case "scheduled":
      return vscode.l10n.t("Messages whose time hasn't come.");
    case "retrying":
      return vscode.l10n.t("Messages that failed and wait for their retry.");
    case "leased":
      return vscode.l10n.t("Messages that somebody works on, in all groups. Those popped here can be settled here.");
    case "dead":
      return vscode.l10n.t("Messages whose retries are used up, in all groups. Redriven ones are left out.");
  }
}

function sectionIcon(section: Section, count: number): vscode.ThemeIcon {
  switch (section) {
    case "partitions":
      return new vscode.ThemeIcon("list-tree");
    case "groups":
      return new vscode.ThemeIcon("organization");
    case "ready":
      return new vscode.ThemeIcon("mail");
    case "scheduled":
      return new vscode.ThemeIcon("calendar");
    case "retrying":
      return new vscode.ThemeIcon("debug-restart");
    case "leased":
      return new vscode.ThemeIcon("lock");
    case "dead":
      return count > 0 ? new vscode.ThemeIcon("error", new vscode.ThemeColor("list.errorForeground")) : new vscode.ThemeIcon("error");
  }
}

export function partitionItem(node: PartitionNode): vscode.TreeItem {
  const { partition } = node;
  const now = Date.now();
  const item = new vscode.TreeItem(partition.name);
  const waits = partition.readyAt !== null && partition.readyAt > now ? partition.readyAt : null;
  item.description = described([
    vscode.l10n.t("{0} behind", partition.lag.toLocaleString()),
    partition.leased ? vscode.l10n.t("leased") : waits === null ? "" : vscode.l10n.t("retry {0}", shortTime(waits, now)),
  ]);
  if (waits !== null && !partition.leased) item.resourceUri = untilUri(partition.name, waits);
  item.iconPath = new vscode.ThemeIcon(partition.leased ? "lock" : "symbol-array");
  item.contextValue = rowContext("partition", isForeign(node.queue) && "foreign", isWritable(node.connection) && "writable");
  item.tooltip = new Tooltip(partition.name)
    .line(vscode.l10n.t("Messages"), partition.messages.toLocaleString())
    .line(vscode.l10n.t("Behind (group default)"), partition.lag.toLocaleString())
    .line(vscode.l10n.t("Delivers again"), waits === null ? null : bothTimes(waits))
    .line(vscode.l10n.t("Last push"), partition.lastPushedAt === null ? null : bothTimes(partition.lastPushedAt)).value;
  return item;
}

export function groupItem(node: GroupNode): vscode.TreeItem {
  const { group } = node;
  const now = Date.now();
  const item = new vscode.TreeItem(group.name);
  item.description = described([
    group.paused ? vscode.l10n.t("paused") : "",
    group.held === null ? "" : vscode.l10n.t("held"),
    vscode.l10n.t("{0} behind", group.lag.toLocaleString()),
    group.counts.leased > 0 ? vscode.l10n.t("{0} leased", group.counts.leased.toLocaleString()) : "",
    workersText(group.workers.length),
  ]);
  item.iconPath = new vscode.ThemeIcon(group.paused ? "debug-pause" : "person");
  item.contextValue = rowContext("group", group.paused && "paused", isForeign(node.queue) && "foreign", isWritable(node.connection) && "writable");
  item.tooltip = new Tooltip(group.name)
    .line(vscode.l10n.t("Behind"), group.lag.toLocaleString())
    .line(vscode.l10n.t("Oldest waits since"), group.oldestReadyAge === null ? null : shortTime(now - group.oldestReadyAge, now))
    .line(vscode.l10n.t("Ready"), group.counts.ready.toLocaleString())
    .line(vscode.l10n.t("Leased"), group.counts.leased.toLocaleString())
    .line(vscode.l10n.t("Retrying"), group.counts.retrying.toLocaleString())
    .line(vscode.l10n.t("Dead letters"), group.counts.dead.toLocaleString())
    .line(vscode.l10n.t("Completed"), group.counts.completed.toLocaleString())
    .line(vscode.l10n.t("Started at"), typeof group.start === "number" ? bothTimes(group.start) : group.start)
    .line(vscode.l10n.t("Workers"), group.workers.join(", ")).value;
  return item;
}

function workersText(count: number): string {
  if (count === 0) return "";
  return count === 1 ? vscode.l10n.t("1 worker") : vscode.l10n.t("{0} workers", count);
}

