import type { DeadLetter, GroupInfo, LeasedMessage, Message, MessageState, PartitionInfo, QueueInfo, StreamConsumer, StreamMessage, StreamSummary, SubjectCount, WorkerInfo } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import type { WorkerDefinition } from "../workers/definition.ts";
import type { Arrival, RunningRecording, RunningTap } from "../taps/taps.ts";
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
  /** Dead letters of every group; at most DEAD_COUNTED. */
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

/** Below a NATS connection: the streams that aren't Queuescope's, only to be looked at. */
export interface StreamsNode {
  readonly kind: "streams";
  readonly connection: Connection;
}

export interface StreamNode {
  readonly kind: "stream";
  readonly connection: Connection;
  readonly stream: StreamSummary;
}

export type StreamPart = "subjects" | "consumers" | "messages" | "keys";

export interface StreamPartNode {
  readonly kind: "streamPart";
  readonly connection: Connection;
  readonly stream: StreamSummary;
  readonly part: StreamPart;
}

export interface SubjectNode {
  readonly kind: "subject";
  readonly connection: Connection;
  readonly stream: string;
  readonly subject: SubjectCount;
}

export interface ConsumerNode {
  readonly kind: "consumer";
  readonly connection: Connection;
  readonly stream: string;
  readonly consumer: StreamConsumer;
}

export interface StreamMessageNode {
  readonly kind: "streamMessage";
  readonly connection: Connection;
  readonly message: StreamMessage;
}

export interface KeyNode {
  readonly kind: "key";
  readonly connection: Connection;
  readonly bucket: string;
  readonly key: string;
}

export interface TapNode {
  readonly kind: "tap";
  readonly connection: Connection;
  readonly tap: RunningTap;
  /** Whether there are several connections to tell apart. */
  readonly amongOthers: boolean;
}

/** A tap whose arrivals go into a queue. */
export interface RecordingNode {
  readonly kind: "recording";
  readonly connection: Connection;
  readonly recording: RunningRecording;
  readonly amongOthers: boolean;
}

export interface ArrivalNode {
  readonly kind: "arrival";
  readonly connection: Connection;
  readonly tap: RunningTap;
  readonly arrival: Arrival;
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
  readonly note: "noQueues" | "noMatch" | "failed" | "lost" | "noArrivals";
  /** Where the first queue can be made. */
  readonly connection?: Connection;
  readonly detail: string;
}

export type QueuesNode = ConnectionNode | QueueNode | SectionNode | PartitionNode | GroupNode | MessageNode | DeadLetterNode | StreamsViewNode | MoreNode | NoteNode;
export type StreamsViewNode = StreamsNode | StreamNode | StreamPartNode | SubjectNode | ConsumerNode | StreamMessageNode | KeyNode;
export type TapsNode = TapNode | RecordingNode | ArrivalNode | MoreNode | NoteNode;
export type DeadLettersNode = DeadQueueNode | DeadLetterNode | MoreNode;
export type WorkersNode = WorkerDefinitionNode | WorkerInstanceNode;
export type AnyNode = QueuesNode | DeadLettersNode | WorkersNode | TapsNode;

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
    case "streams":
      return key(node.connection, "streams");
    case "stream":
      return key(node.connection, "stream", node.stream.stream);
    case "streamPart":
      return key(node.connection, "streamPart", node.stream.stream, node.part);
    case "subject":
      return key(node.connection, "subject", node.stream, node.subject.subject);
    case "consumer":
      return key(node.connection, "consumer", node.stream, node.consumer.name);
    case "streamMessage":
      return key(node.connection, "streamMessage", node.message.stream, String(node.message.sequence));
    case "key":
      return key(node.connection, "key", node.bucket, node.key);
    case "tap":
      return key(node.connection, "tap", node.tap.id);
    case "recording":
      return key(node.connection, "tap", node.recording.id);
    case "arrival":
      return key(node.connection, "arrival", node.tap.id, String(node.arrival.number));
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
    case "streams":
    case "stream":
    case "streamPart":
    case "subject":
    case "consumer":
    case "streamMessage":
    case "key":
    case "tap":
    case "recording":
    case "arrival":
    case "more":
    case "note":
      return undefined;
  }
}

/** In place of what a connection that is out of reach would be asked. */
export function lostNote(connection: Connection): NoteNode {
  return { kind: "note", key: `lost ${connection.id}`, note: "lost", detail: connection.error instanceof Error ? connection.error.message : "" };
}
