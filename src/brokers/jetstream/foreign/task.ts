import protobuf from "protobufjs/minimal.js";

/** A task of Protoqueue: `protoqueue.Task` of its task.proto. */
export interface Task {
  readonly id: string;
  /** UTF-8 JSON. */
  readonly data: Uint8Array;
  readonly priority: number;
  /** Milliseconds. */
  readonly timestamp: number;
  readonly retries: number;
  /** JSON values by name, from a google.protobuf.Struct; `null`: none. */
  readonly custom: Readonly<Record<string, unknown>> | null;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const MOST_DEPTH = 100;

/** Strict, so that other bytes aren't taken for a task. @throws Error saying what is wrong */
export function readTask(bytes: Uint8Array): Task {
  let id = "";
  let data = new Uint8Array();
  let metadata: Pick<Task, "priority" | "timestamp" | "retries" | "custom"> = { priority: 0, timestamp: 0, retries: 0, custom: null };
  eachField(bytes, (field, wire, reader) => {
    if (field === 1 && wire === BYTES) id = reader.string();
    else if (field === 2 && wire === BYTES) data = Uint8Array.from(reader.bytes());
    else if (field === 3 && wire === BYTES) metadata = readMetadata(reader.bytes());
    else throw new Error(`field ${field} is none of a Protoqueue task`);
  });
  // eslint-disable-next-line no-control-regex -- an id with control characters isn't one
  if (id === "" || id.length > 1024 || /[\u0000-\u001f\u007f\ufffd]/.test(id)) throw new Error("it has no id");
  return { id, data, ...metadata };
}

function readMetadata(bytes: Uint8Array): Pick<Task, "priority" | "timestamp" | "retries" | "custom"> {
  let [priority, timestamp, retries] = [0, 0, 0];
  let custom: Record<string, unknown> | null = null;
  eachField(bytes, (field, wire, reader) => {
    if (field === 1 && wire === VARINT) priority = reader.int32();
    else if (field === 2 && wire === VARINT) timestamp = Number(reader.int64());
    else if (field === 3 && wire === VARINT) retries = reader.int32();
    else if (field === 4 && wire === BYTES) custom = readStruct(reader.bytes(), 0);
    else throw new Error(`metadata field ${field} is none of a Protoqueue task`);
  });
  return { priority, timestamp, retries, custom };
}

function readStruct(bytes: Uint8Array, depth: number): Record<string, unknown> {
  const fields: [string, unknown][] = [];
  eachField(bytes, (field, wire, reader) => {
    if (field !== 1 || wire !== BYTES) throw new Error("its metadata is no struct");
    let key = "";
    let value: unknown = null;
    eachField(reader.bytes(), (part, partWire, entry) => {
      if (part === 1 && partWire === BYTES) key = entry.string();
      else if (part === 2 && partWire === BYTES) value = readValue(entry.bytes(), depth + 1);
      else throw new Error("its metadata is no struct");
    });
    fields.push([key, value]);
  });
  return Object.fromEntries(fields);
}

function readValue(bytes: Uint8Array, depth: number): unknown {
  if (depth > MOST_DEPTH) throw new Error(`its metadata is nested more than ${MOST_DEPTH} levels deep`);
  let value: unknown = null;
  eachField(bytes, (field, wire, reader) => {
    if (field === 1 && wire === VARINT) reader.uint32(); // null
    else if (field === 2 && wire === FIXED64) value = reader.double();
    else if (field === 3 && wire === BYTES) value = reader.string();
    else if (field === 4 && wire === VARINT) value = reader.bool();
    else if (field === 5 && wire === BYTES) value = readStruct(reader.bytes(), depth + 1);
    else if (field === 6 && wire === BYTES) value = readList(reader.bytes(), depth + 1);
    else throw new Error("its metadata holds an unknown kind of value");
  });
  return value;
}

function readList(bytes: Uint8Array, depth: number): unknown[] {
  const items: unknown[] = [];
  eachField(bytes, (field, wire, reader) => {
    if (field !== 1 || wire !== BYTES) throw new Error("its metadata holds no list");
    items.push(readValue(reader.bytes(), depth));
  });
  return items;
}

function eachField(bytes: Uint8Array, take: (field: number, wire: number, reader: protobuf.Reader) => void): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    take(tag >>> 3, tag & 7, reader);
  }
}

/** As Protoqueue encodes it. */
export function writeTask(task: Task): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(tag(1, BYTES)).string(task.id);
  writer.uint32(tag(2, BYTES)).bytes(task.data);
  writer.uint32(tag(3, BYTES)).fork();
  writer.uint32(tag(1, VARINT)).int32(task.priority);
  writer.uint32(tag(2, VARINT)).int64(task.timestamp);
  writer.uint32(tag(3, VARINT)).int32(task.retries);
  if (task.custom !== null) {
    writer.uint32(tag(4, BYTES)).fork();
    writeStruct(writer, task.custom);
    writer.ldelim();
  }
  return writer.ldelim().finish();
}

function writeStruct(writer: protobuf.Writer, fields: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(fields)) {
    writer.uint32(tag(1, BYTES)).fork();
    writer.uint32(tag(1, BYTES)).string(key);
    writer.uint32(tag(2, BYTES)).fork();
    writeValue(writer, value);
    writer.ldelim().ldelim();
  }
}

function writeValue(writer: protobuf.Writer, value: unknown): void {
  if (typeof value === "number") writer.uint32(tag(2, FIXED64)).double(value);
  else if (typeof value === "string") writer.uint32(tag(3, BYTES)).string(value);
  else if (typeof value === "boolean") writer.uint32(tag(4, VARINT)).bool(value);
  else if (Array.isArray(value)) {
    writer.uint32(tag(6, BYTES)).fork();
    for (const item of value as readonly unknown[]) {
      writer.uint32(tag(1, BYTES)).fork();
      writeValue(writer, item);
      writer.ldelim();
    }
    writer.ldelim();
  } else if (typeof value === "object" && value !== null) {
    writer.uint32(tag(5, BYTES)).fork();
    writeStruct(writer, value as Readonly<Record<string, unknown>>);
    writer.ldelim();
  } else writer.uint32(tag(1, VARINT)).int32(0);
}

function tag(field: number, wire: number): number {
  return (field << 3) | wire;
}
