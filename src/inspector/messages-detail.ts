import { type Broker, bytesPayload, jsonTextPayload, type Message, type Payload, textPayload, type TraceEvent } from "../core/index.ts";
import type { MessageAttempt, MessageDetail } from "../protocol/index.ts";
import { editorOf } from "./editor.ts";
import type { Handlers } from "./handlers.ts";
import { unlessGone } from "./messages-list.ts";
import { messageRow } from "./messages-row.ts";

/** Of a payload, in the details. */
const SHOWN_BYTES = 256 * 1024;
/** Groups whose view of a message is shown. */
const MOST_GROUPS = 20;
/** Events of a message that are looked through. */
const MOST_EVENTS = 1000;

/** All about one message, and what can be done to some. */
export const messageDetailHandlers = {
  "messages.get": async ({ id, group }, { broker }) => detail(broker, await broker.inspect.read(id, group)),

  "messages.content": async ({ id }, { broker }) => {
    const { payload } = await broker.inspect.read(id);
    return { content: { encoding: payload.encoding, text: base64(payload.bytes) } };
  },

  "messages.download": async ({ id }, { broker, host }) => {
    const { payload } = await broker.inspect.read(id);
    const sink = await host.files.save(`${id}.${{ json: "json", text: "txt", bytes: "bin" }[payload.encoding]}`);
    if (sink === undefined) return { name: null };
    try {
      await sink.write(payload.bytes);
      await sink.close();
    } catch (error) {
      await sink.abandon();
      throw error;
    }
    return { name: sink.name };
  },

  "messages.remove": async ({ ids }, { broker }) => {
    const results = await broker.repair.remove(ids);
    return { removed: results.filter(({ removed }) => removed).length };
  },

  "messages.cancel": async ({ ids }, { broker }) => {
    const results = await broker.repair.cancel(ids);
    return { cancelled: results.filter(({ cancelled }) => cancelled).length };
  },

  "messages.edit": async ({ id, encoding, text, headers }, { broker }) => {
    await broker.repair.edit(id, { payload: payloadOf(encoding, text), headers });
    return {};
  },

  "messages.open": async ({ id, group }, { host }) => {
    await editorOf(host).openMessage(id, group);
    return {};
  },

  "messages.openEdit": async ({ id }, { host }) => {
    await editorOf(host).editMessage(id);
    return {};
  },

  "messages.compare": async ({ left, right, group }, { host }) => {
    await editorOf(host).compare({ kind: "message", id: left, group }, { kind: "message", id: right, group }, `${left} ↔ ${right}`);
    return {};
  },
} satisfies Handlers<"messages.get" | "messages.content" | "messages.download" | "messages.remove" | "messages.cancel" | "messages.edit" | "messages.open" | "messages.openEdit" | "messages.compare">;

async function detail(broker: Broker, message: Message): Promise<MessageDetail> {
  const { id, queue, group, payload, expiresAt, editedAt, redrivenFrom } = message;
  const [events, others] = await Promise.all([eventsOf(broker, id), otherGroups(broker, queue, group)]);
  const views = await Promise.all(others.slice(0, MOST_GROUPS - 1).map((other) => unlessGone(() => broker.inspect.read(id, other))));
  return {
    row: messageRow(message),
    queue,
    group,
    content: { encoding: payload.encoding, text: base64(payload.bytes.subarray(0, SHOWN_BYTES)) },
    truncated: payload.bytes.byteLength > SHOWN_BYTES,
    expiresAt,
    editedAt,
    standings: [message, ...views.filter((view) => view !== null)].map(({ group: name, state, charges, deliveryCount, until, worker, lastError }) => ({ group: name, state, charges, deliveryCount, until, worker, lastError })),
    moreGroups: others.length > MOST_GROUPS - 1,
    attempts: events.filter(({ type }) => type !== "pushed" && type !== "redriven").map(attempt),
    redrivenFrom,
    redrivenTo: events.flatMap(linkTo),
  };
}

/** A message that nothing is recorded of has no events; one that just went has none either. */
async function eventsOf(broker: Broker, messageId: string): Promise<readonly TraceEvent[]> {
  return (await unlessGone(() => broker.inspect.traces({ messageId, limit: MOST_EVENTS })))?.items ?? [];
}

async function otherGroups(broker: Broker, queue: string, group: string): Promise<string[]> {
  const groups = await broker.inspect.groups(queue);
  return groups.map(({ name }) => name).filter((name) => name !== group);
}

function attempt(event: TraceEvent): MessageAttempt {
  const { type, at, group, worker, attempt: number } = event;
  const data = recorded(event);
  return { type, at, group, worker, attempt: number, error: textOf(data["error"]), stack: textOf(data["stack"]) };
}

function linkTo(event: TraceEvent): MessageDetail["redrivenTo"] {
  if (event.type !== "redriven") return [];
  const { deadLetterId, to } = recorded(event);
  const { queue, messageId } = (typeof to === "object" && to !== null ? to : {}) as { readonly queue?: unknown; readonly messageId?: unknown };
  return typeof queue === "string" && typeof messageId === "string" && typeof deadLetterId === "string" ? [{ queue, messageId, deadLetterId }] : [];
}

/** Handlers record anything; of what isn't an object nothing is known. */
function recorded({ data }: TraceEvent): Readonly<Record<string, unknown>> {
  const value: unknown = data === null ? null : JSON.parse(data);
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function payloadOf(encoding: Payload["encoding"], text: string): Payload {
  switch (encoding) {
    case "json":
      return jsonTextPayload(text);
    case "text":
      return textPayload(text);
    case "bytes":
      return bytesPayload(Buffer.from(text, "base64"));
  }
}
