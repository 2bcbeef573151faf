import { type Broker, QueuescopeError, type Streams } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import { listKey, type StreamNode, type StreamPart, type StreamPartNode, type StreamsNode, type StreamsViewNode, type MoreNode } from "../models/nodes.ts";
import { type Paging, takeRows } from "./paging.ts";

type Row = StreamsViewNode | MoreNode;

/** Streams that aren't Queuescope's, and what is in them. Looking at them changes nothing there. */
export async function loadStreamsChildren(parent: StreamsNode | StreamNode | StreamPartNode, paging: Paging): Promise<Row[]> {
  const { connection } = parent;
  const streams = streamsOf(await connection.open());
  switch (parent.kind) {
    case "streams":
      return loadStreams(parent, streams, paging);
    case "stream":
      return partsOf(parent.stream.kind).map((part) => ({ kind: "streamPart", connection, stream: parent.stream, part }));
    case "streamPart":
      return loadPart(parent, streams, paging);
  }
}

export function streamsOf({ streams, url }: Broker): Streams {
  if (streams === null) throw new QueuescopeError("unsupported", `${url} has no streams: they are NATS JetStream's.`);
  return streams;
}

async function loadStreams(parent: StreamsNode, streams: Streams, paging: Paging): Promise<Row[]> {
  const { connection } = parent;
  const list = listKey(parent);
  const { items, more } = await takeRows((page) => streams.list(page), paging.rows(list));
  return withMore(items.map((stream): Row => ({ kind: "stream", connection, stream })), list, more);
}

function partsOf(kind: StreamNode["stream"]["kind"]): readonly StreamPart[] {
  return kind === "bucket" ? ["keys", "messages", "consumers"] : ["messages", "subjects", "consumers"];
}

async function loadPart(parent: StreamPartNode, streams: Streams, paging: Paging): Promise<Row[]> {
  const { connection, stream, part } = parent;
  const list = listKey(parent);
  const wanted = paging.rows(list);
  switch (part) {
    case "subjects": {
      const { items, more } = await takeRows((page) => streams.subjects(stream.stream, page), wanted);
      return withMore(items.map((subject): Row => ({ kind: "subject", connection, stream: stream.stream, subject })), list, more);
    }
    case "consumers": {
      const { items, more } = await takeRows((page) => streams.consumers(stream.stream, page), wanted);
      return withMore(items.map((consumer): Row => ({ kind: "consumer", connection, stream: stream.stream, consumer })), list, more);
    }
    case "keys": {
      const { items, more } = await takeRows((page) => streams.keys(stream.name, page), wanted);
      return withMore(items.map((key): Row => ({ kind: "key", connection, bucket: stream.name, key })), list, more);
    }
    case "messages":
      return loadLatest(connection, stream.stream, streams, list, wanted);
  }
}

/** The newest first. They are read from so many before the end on; of a stream with gaps these are fewer. */
async function loadLatest(connection: Connection, stream: string, streams: Streams, list: string, wanted: number): Promise<Row[]> {
  const { firstSequence, lastSequence } = await streams.get(stream);
  const after = Math.max(lastSequence - wanted, firstSequence - 1, 0);
  const { items } = await takeRows((page) => streams.messages(stream, after > 0 && page.after === undefined ? { ...page, after: String(after) } : page), wanted);
  const rows = items.toReversed().map((message): Row => ({ kind: "streamMessage", connection, message }));
  return withMore(rows, list, after >= firstSequence);
}

function withMore(rows: readonly Row[], list: string, more: boolean): Row[] {
  return more ? [...rows, { kind: "more", list, remaining: undefined }] : [...rows];
}
