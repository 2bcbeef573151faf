import type { Broker, PageRequest } from "../../core/index.ts";
import { DEFAULT_GROUP } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import { type ConnectionNode, listKey, lostNote, type GroupNode, type MessageNode, type MessageSection, type PartitionNode, type QueueNode, type QueuesNode, type SectionNode } from "../models/nodes.ts";
import { DEAD_COUNTED } from "../models/format.ts";
import type { PoppedMessages } from "../models/popped.ts";
import { loadStreamsChildren } from "./streams.ts";
import { type Paging, PAGE_ROWS, type Rows, takeRows, TO_THE_END } from "./paging.ts";

export interface QueuesRequest {
  readonly paging: Paging;
  readonly popped: PoppedMessages;
  /** Part of the queues' names. */
  readonly queueFilter: string;
  /** Part of the partitions' names, by the section's key. */
  readonly partitionFilter: (list: string) => string;
}

/** Rows below a row of the Queues view. */
export async function loadQueuesChildren(parent: QueuesNode, request: QueuesRequest): Promise<QueuesNode[]> {
  switch (parent.kind) {
    case "connection":
      return loadQueues(parent, request);
    case "queue":
      return loadSections(parent.connection, parent.queue.name, parent.dead, request);
    case "section":
      return loadSection(parent, request);
    case "streams":
    case "stream":
    case "streamPart":
      return loadStreamsChildren(parent, request.paging);
    case "partition":
    case "group":
    case "message":
    case "deadLetter":
    case "subject":
    case "consumer":
    case "streamMessage":
    case "key":
    case "more":
    case "note":
      return [];
  }
}

async function loadQueues(parent: ConnectionNode, request: QueuesRequest): Promise<QueuesNode[]> {
  const { connection } = parent;
  // What is out of reach isn't asked: its own row says so.
  if (connection.state === "lost") return [lostNote(connection)];
  const broker = await connection.shown();
  if (broker === undefined) return connection.remote ? [] : [{ kind: "note", key: connection.id, note: "noQueues", detail: "", connection }];
  const streams: QueuesNode[] = broker.streams === null || request.queueFilter !== "" ? [] : [{ kind: "streams", connection }];
  return [...(await loadQueueRows(parent, broker, request)), ...streams];
}

async function loadQueueRows(parent: ConnectionNode, broker: Broker, request: QueuesRequest): Promise<QueuesNode[]> {
  const { connection } = parent;
  const list = listKey(parent);
  const filter = request.queueFilter === "" ? {} : { match: request.queueFilter };
  const { items, more } = await takeRows((page) => broker.queues.list({ ...page, ...filter }), request.paging.rows(list), TO_THE_END);
  if (items.length === 0) return [{ kind: "note", key: connection.id, note: request.queueFilter === "" ? "noQueues" : "noMatch", detail: request.queueFilter, connection }];
  const nodes: QueuesNode[] = await Promise.all(items.map(async (queue): Promise<QueueNode> => ({ kind: "queue", connection, queue, dead: await countDead(broker, queue.name) })));
  return more ? [...nodes, { kind: "more", list, remaining: undefined }] : nodes;
}

/** Dead letters of all groups, redriven ones left out: those that wait for somebody. */
export function countDead(broker: Broker, queue: string): Promise<number> {
  return broker.inspect.countDeadLetters(queue, { redriven: false });
}

async function loadSections(connection: Connection, queue: string, dead: number, request: QueuesRequest): Promise<SectionNode[]> {
  const broker = await connection.open();
  const stats = await broker.inspect.stats(queue);
  const leased = stats.groups.reduce((sum, group) => sum + group.counts.leased, 0);
  const retrying = stats.groups.reduce((sum, group) => sum + group.counts.retrying, 0);
  const section = (name: SectionNode["section"], count: number): SectionNode => {
    const node: SectionNode = { kind: "section", connection, queue, section: name, count, filter: "" };
    return { ...node, filter: request.partitionFilter(listKey(node)) };
  };
  return [
    section("ready", stats.counts.ready),
    section("scheduled", stats.counts.scheduled),
    section("leased", leased),
    ...(retrying > 0 ? [section("retrying", retrying)] : []),
    section("dead", dead),
    section("partitions", stats.partitions),
    section("groups", stats.groups.length),
  ];
}

async function loadSection(parent: SectionNode, request: QueuesRequest): Promise<QueuesNode[]> {
  const broker = await parent.connection.open();
  switch (parent.section) {
    case "partitions":
      return loadPartitions(broker, parent, request);
    case "groups":
      return loadGroups(broker, parent);
    case "ready":
    case "scheduled":
    case "retrying":
    case "leased":
    case "dead":
      return loadMessages(broker, parent, parent.section, request);
  }
}

async function loadPartitions(broker: Broker, parent: SectionNode, request: QueuesRequest): Promise<QueuesNode[]> {
  const { connection, queue } = parent;
  const list = listKey(parent);
  const filter = parent.filter === "" ? {} : { match: parent.filter };
  const { items, more } = await takeRows((page) => broker.inspect.partitions(queue, { ...page, ...filter, sort: "lag" }), request.paging.rows(list));
  if (items.length === 0 && parent.filter !== "") return [{ kind: "note", key: list, note: "noMatch", detail: parent.filter }];
  const rows = items.map((partition): PartitionNode => ({ kind: "partition", connection, queue, partition }));
  const remaining = parent.filter === "" ? Math.max(parent.count - items.length, 0) : undefined;
  return more ? [...rows, { kind: "more", list, remaining }] : rows;
}

/** Worst lag first. */
async function loadGroups(broker: Broker, { connection, queue }: SectionNode): Promise<GroupNode[]> {
  const groups = await broker.inspect.groups(queue);
  return groups.toSorted((a, b) => b.lag - a.lag || a.name.localeCompare(b.name)).map((group) => ({ kind: "group", connection, queue, group }));
}

async function loadMessages(broker: Broker, parent: SectionNode, state: MessageSection, request: QueuesRequest): Promise<QueuesNode[]> {
  const { connection, queue } = parent;
  const list = listKey(parent);
  const wanted = request.paging.rows(list);
  const more = (shown: number): QueuesNode => ({ kind: "more", list, remaining: parent.count > shown && (state !== "dead" || parent.count < DEAD_COUNTED) ? parent.count - shown : undefined });

  if (state === "dead") {
    const dead = await takeRows((page) => broker.inspect.deadLetters(queue, { ...page, redriven: false }), wanted);
    const rows = dead.items.map((deadLetter): QueuesNode => ({ kind: "deadLetter", connection, queue, deadLetter, view: "queues" }));
    return dead.more ? [...rows, more(rows.length)] : rows;
  }
  const { items, more: hasMore } = await messagesIn(broker, queue, state, wanted);
  const rows = items.map((message): MessageNode => ({ kind: "message", connection, queue, message, popped: state === "leased" ? request.popped.find(connection.id, message.group, message.id) : undefined }));
  return hasMore ? [...rows, more(rows.length)] : rows;
}

async function messagesIn(broker: Broker, queue: string, state: "ready" | "scheduled" | "retrying" | "leased", wanted: number) {
  switch (state) {
    case "ready": {
      const items = await broker.inspect.peek(queue, { limit: Math.min(wanted, 1000) });
      return { items, more: items.length >= wanted && wanted < 1000 };
    }
    case "leased":
      return takeRows((page) => broker.inspect.leases(queue, page), wanted);
    case "scheduled":
      return takeRows((page) => broker.inspect.browse(queue, { ...page, state }), wanted);
    case "retrying":
      return retryingMessages(broker, queue, wanted);
  }
}

/** Retries belong to a group, so each group that has some is asked. */
async function retryingMessages(broker: Broker, queue: string, wanted: number) {
  const groups = await broker.inspect.groups(queue);
  const names = groups.filter(({ counts }) => counts.retrying > 0).map(({ name }) => name);
  const found = await Promise.all(names.map((group) => takeRows((page: PageRequest) => broker.inspect.browse(queue, { ...page, group, state: "retrying" }), wanted)));
  return { items: found.flatMap(({ items }) => items).slice(0, wanted), more: found.some(({ more }) => more) };
}

/** Names of queues, for quick picks: the first thousand that match, and whether there are more. */
export async function queueNames(broker: Broker, match = ""): Promise<Rows<string>> {
  const { items, more } = await takeRows((page) => broker.queues.list(match === "" ? page : { ...page, match }), PAGE_ROWS * 10, TO_THE_END);
  return { items: items.map(({ name }) => name), more };
}

/** Names of a queue's groups, `default` first even where it was never popped. */
export async function groupNames(broker: Broker, queue: string): Promise<string[]> {
  const groups = await broker.inspect.groups(queue);
  return [DEFAULT_GROUP, ...groups.map(({ name }) => name).filter((name) => name !== DEFAULT_GROUP)];
}
