import { contentDocument } from "../client/documents/write.ts";
import { type Broker, type DeadLetter, errorFingerprint, firstLine, isQueuescopeError, type Message } from "../core/index.ts";
import type { DeadDetail, DeadGroup, DeadRow } from "../protocol/index.ts";
import { discardSelected, eachSelected, fitting, redriveSelected, selectionCount } from "./dead-letters-bulk.ts";
import { editorOf } from "./editor.ts";
import type { Handlers } from "./handlers.ts";
import { preview } from "./messages.ts";

/** Of a payload, in the details. */
const MOST_SHOWN = 256 * 1024;
/** Dead letters that one page of a list looks at. */
const MOST_READ = 10_000;
const PAGE = 500;
/** Reasons shown of what couldn't be undone. */
const MOST_REASONS = 100;

export const deadLetterHandlers = {
  "deadLetters.groups": async ({ queue, filter, most }, { broker, signal }) => {
    const groups = new Map<string, Gathered>();
    let scanned = 0;
    for await (const letters of eachSelected(broker, queue, { filter }, { signal, limit: most })) {
      for (const letter of letters.slice(0, most - scanned)) gather(groups, letter);
      scanned += letters.length;
      if (scanned >= most) break;
    }
    return { groups: [...groups.values()].map(shownGroup), scanned: Math.min(scanned, most), more: scanned >= most };
  },

  "deadLetters.list": async ({ queue, selection, after, limit }, { broker, signal }) => {
    const fits = fitting(selection.fingerprints);
    const rows: DeadRow[] = [];
    const most = Math.min(limit, PAGE);
    let next = after;
    for (let read = 0; rows.length < most && read < MOST_READ; ) {
      signal.throwIfAborted();
      const page = await broker.inspect.deadLetters(queue, { ...selection.filter, ids: selection.ids, after: next, limit: selection.fingerprints === undefined ? most : PAGE });
      rows.push(...page.items.filter(fits).map(deadRow));
      if (page.next === null) return { rows, next: null };
      next = page.next;
      read += Math.max(page.items.length, 1);
    }
    return { rows, next: next ?? null };
  },

  "deadLetters.get": async ({ id }, { broker }) => detail(broker, await broker.inspect.deadLetter(id)),

  "deadLetters.count": async ({ queue, selection }, call) => selectionCount(call, queue, selection),

  "deadLetters.redrive": async (request, call) => redriveSelected(call, request),

  "deadLetters.undo": async ({ queue, ids }, { broker }) => {
    const results = await broker.repair.undoRedrive(queue, ids);
    const kept = results.flatMap(({ deadLetterId, undone, reason }) => (undone ? [] : [{ deadLetterId, reason: reason ?? "" }]));
    return { undone: results.length - kept.length, kept: kept.slice(0, MOST_REASONS) };
  },

  "deadLetters.discard": async ({ queue, selection }, call) => discardSelected(call, queue, selection),

  "deadLetters.document": async ({ id }, { broker }) => ({ text: contentDocument(await broker.inspect.deadLetter(id)) }),

  "deadLetters.compare": async ({ id, messageId }, { broker }) => {
    const message = await existing(broker, messageId);
    return { left: contentDocument(await broker.inspect.deadLetter(id)), right: message === null ? null : contentDocument(message) };
  },

  "deadLetters.open": async ({ queue, id, how }, { host }) => {
    const editor = editorOf(host);
    await (how === "edit" ? editor.editDeadLetter(queue, id) : editor.openDeadLetter(id));
    return {};
  },

  "deadLetters.openDifference": async ({ id, messageId, group }, { host }) => {
    await editorOf(host).compare({ kind: "deadLetter", id }, { kind: "message", id: messageId, group }, `${id} ↔ ${messageId}`);
    return {};
  },
} satisfies Handlers<"deadLetters.groups" | "deadLetters.list" | "deadLetters.get" | "deadLetters.count" | "deadLetters.redrive" | "deadLetters.undo" | "deadLetters.discard" | "deadLetters.document" | "deadLetters.compare" | "deadLetters.open" | "deadLetters.openDifference">;

interface Gathered {
  readonly fingerprint: string;
  error: string | null;
  count: number;
  waiting: number;
  readonly firstAt: number;
  lastAt: number;
  readonly groups: Set<string>;
  readonly partitions: Set<string>;
}

function gather(groups: Map<string, Gathered>, { error, deadAt, redriven, group, partition }: DeadLetter): void {
  const fingerprint = errorFingerprint(error);
  const known = groups.get(fingerprint) ?? { fingerprint, error: null, count: 0, waiting: 0, firstAt: deadAt, lastAt: deadAt, groups: new Set<string>(), partitions: new Set<string>() };
  groups.set(fingerprint, known);
  known.error = error === null ? known.error : firstLine(error);
  known.count += 1;
  known.waiting += redriven.length === 0 ? 1 : 0;
  known.lastAt = deadAt;
  known.groups.add(group);
  if (partition !== null) known.partitions.add(partition);
}

function shownGroup({ groups, partitions, ...group }: Gathered): DeadGroup {
  return { ...group, groups: [...groups], partitions: partitions.size };
}

function deadRow({ id, messageId, group, partition, deadAt, attempts, error, payload, redriven }: DeadLetter): DeadRow {
  return { id, messageId, group, partition, deadAt, attempts, error: error === null ? null : firstLine(error), preview: preview(payload), redriven: redriven.map((to) => ({ ...to })) };
}

async function detail(broker: Broker, letter: DeadLetter): Promise<DeadDetail> {
  const { queue, reason, deliveryCount, createdAt, transactionId, priority, headers, error, stack, payload, messageId, redriven } = letter;
  const [message, there] = await Promise.all([existing(broker, messageId), broker.inspect.exists(redriven.map((to) => to.messageId))]);
  return {
    ...deadRow(letter), queue, reason, deliveryCount, createdAt, transactionId, priority, headers: { ...headers }, error, stack,
    content: { encoding: payload.encoding, text: Buffer.from(payload.bytes.subarray(0, MOST_SHOWN)).toString("base64") },
    truncated: payload.bytes.byteLength > MOST_SHOWN,
    size: payload.bytes.byteLength,
    messageExists: message !== null,
    existing: there,
    redrivenFrom: message?.redrivenFrom ?? null,
  };
}

/** `null` when it isn't stored any more. */
async function existing(broker: Broker, id: string): Promise<Message | null> {
  try {
    return await broker.inspect.read(id);
  } catch (error) {
    if (isQueuescopeError(error, "message-not-found")) return null;
    throw error;
  }
}
