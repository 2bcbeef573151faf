import type { DeadLetter, GroupInfo, LeasedMessage, Message, MessageState, PartitionInfo, QueueInfo, WorkerInfo } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import type { WorkerDefinition } from "../workers/definition.ts";
import type { Popped } from "./popped.ts";

/** Rows of the views as data, apart from how they look (views/*Item.ts) and from how they are loaded (loaders/). */

export interface ConnectionNode {
  readonly kind: "connection";
  readonly connection: Connection;
}

export interface QueueNode {
  readonly kind: "queue";
  readonly connection: Connection;
  readonly queue: QueueInfo;
  /** Dead letters of every group; at most COUNT_LIMIT. */
  readonly dead: number;
}

/** Rows below a queue that hold messages, by state. */
export type MessageSection = Exclude<MessageState, "completed">;
export type Section = "partitions" | "groups" | MessageSection;

export interface SectionNode {
  readonly kind: "section";
  readonly connection: Connection;
  readonly queue: string;
  readonly section: Section;
  readonly count: number;
  readonly filter: string;
}

export interface PartitionNode {
  readonly kind: "partition";
  readonly connection: Connection;
  readonly queue: string;
  readonly partition: PartitionInfo;
}

export interface GroupNode {
  readonly kind: "group";
  readonly connection: Connection;
  readonly queue: string;
  readonly group: GroupInfo;
}

export interface MessageNode {
  readonly kind: "message";
  readonly connection: Connection;
  readonly queue: string;
  readonly message: Message | LeasedMessage;
  /** Set when it was popped in this window: then it can be settled from here. */
  readonly popped: Popped | undefined;
}

export interface DeadQueueNode {
  readonly kind: "deadQueue";
  readonly connection: Connection;
  readonly queue: string;
  readonly count: number;
  /** Whether queues of other connections stand beside it. */
  readonly amongOthers: boolean;
}

export interface DeadLetterNode {
  readonly kind: "deadLetter";
  readonly connection: Connection;
  readonly queue: string;
  readonly deadLetter: DeadLetter;
  /** A dead letter stands in two views; rows need different ids. */
  readonly view: "queues" | "deadLetters";
}

/** A worker named in queuescope.json, running or not. */
export interface WorkerDefinitionNode {
  readonly kind: "workerDefinition";
  readonly connection: Connection;
  readonly definition: WorkerDefinition;
  readonly running: readonly WorkerInfo[];
}

export interface WorkerInstanceNode {
  readonly kind: "workerInstance";
  readonly connection: Connection;
  readonly worker: WorkerInfo;
}

/** The rest of a long list. */
export interface MoreNode {
  readonly kind: "more";
  /** Key of the list in `Paging`. */
  readonly list: string;
  /** How many rows there are beyond the shown ones, where that is known. */
  readonly remaining: number | undefined;
}

/** A sentence in place of rows. */
export interface NoteNode {
  readonly kind: "note";
  readonly key: string;
  readonly note: "noQueues" | "noMatch" | "failed";
  /** Where the first queue can be made. */
  readonly connection?: Connection;
  readonly detail: string;
}

export type QueuesNode = ConnectionNode | QueueNode | SectionNode | PartitionNode | GroupNode | MessageNode | DeadLetterNode | MoreNode | NoteNode;
export type DeadLettersNode = DeadQueueNode | DeadLetterNode | MoreNode;
export type WorkersNode = WorkerDefinitionNode | WorkerInstanceNode;
export type AnyNode = QueuesNode | DeadLettersNode | WorkersNode;

/** The same thing has the same key after each load, so that what is open stays open and what is selected stays selected. */
export function nodeKey(node: AnyNode): string {
  switch (node.kind) {
    case "connection":
      return node.connection.id;
    case "queue":
      return key(node.connection, "q", node.queue.name);
    case "section":
      return key(node.connection, "s", node.queue, node.section);
    case "partition":
      return key(node.connection, "p", node.queue, node.partition.name);
    case "group":
      return key(node.connection, "g", node.queue, node.group.name);
    case "message":
      return key(node.connection, "m", node.message.group, node.message.state, node.message.id);
    case "deadQueue":
      return key(node.connection, "dq", node.queue);
    case "deadLetter":
      return key(node.connection, "d", node.view, node.deadLetter.id);
    case "workerDefinition":
      return key(node.connection, "w", node.definition.name);
    case "workerInstance":
      return key(node.connection, "i", node.worker.id);
    case "more":
      return `more ${node.list}`;
    case "note":
      return `note ${node.key}`;
  }
}

function key(connection: Connection, ...parts: readonly string[]): string {
  return JSON.stringify([connection.id, ...parts]);
}

/** Key of the list of a node's children in `Paging`. */
export function listKey(parent: AnyNode): string {
  return nodeKey(parent);
}

/** The queue that a row belongs to, if any. */
export function queueOf(node: AnyNode): string | undefined {
  switch (node.kind) {
    case "queue":
      return node.queue.name;
    case "section":
    case "partition":
    case "group":
    case "message":
    case "deadQueue":
    case "deadLetter":
      return node.queue;
    case "workerDefinition":
      return node.definition.settings.queues[0];
    case "workerInstance":
      return node.worker.queues[0];
    case "connection":
    case "more":
    case "note":
      return undefined;
  }
}
