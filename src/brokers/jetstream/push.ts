import { createHash } from "node:crypto";
import { checkPriority, checkPushItems, DEFAULT_PARTITION, isQueuescopeError, QueuescopeError } from "../../core/index.ts";
import type { Encoding, PushItem, PushResult, QueueOptions } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { messageId } from "./ids.ts";
import { enclosed, HEADER, LogMessage } from "./message.ts";
import { isApiError } from "./api.ts";
import type { Headers } from "./api.ts";
import { LARGEST_BATCH } from "./publisher.ts";
import type { Acknowledged, Publication } from "./publisher.ts";
import { makeRoom } from "./overflow.ts";
import { Subjects, token } from "./subjects.ts";
import type { Where } from "./subjects.ts";

/** Room that a message's headers, and a dead letter's error, need besides the payload. */
export const HEADROOM = 48 * 1024;

/** What a server says of a batch that it can't take, with nothing of it stored. */
const REFUSED_BATCHES = [10_174, 10_175, 10_176, 10_177, 10_179, 10_199, 10_200, 10_201, 10_210, 10_211];

/**
 * An atomic batch takes the server some 4 ms, however small it is: 100 messages without a key, ten calls at once, are
 * pushed five times faster without one. Where as many waves would go out one after the other, it is quicker.
 */
const MANY_WAVES = 16;

/** Longer ones are told apart by their hashes. */
const LONG_ID = 200;

/** A message on its way in. */
export interface Incoming extends PushItem {
  /** For a redriven message: the only group that gets it, and what it was made from, as JSON. */
  readonly onlyGroup?: string | undefined;
  readonly origin?: string | undefined;
  /** Deduplicates it instead of a transaction id. */
  readonly once?: string | undefined;
}

/** A publication with what its answer needs. */
export interface Ready {
  readonly publication: Publication;
  readonly where: Where;
  readonly item: Incoming;
  readonly due: number | null;
}

/** The queue to push to; made when it is missing and `create` isn't false. */
export async function queueForPush(engine: Engine, name: string, create: boolean): Promise<Definition> {
  const found = await engine.catalog.find(name);
  if (found !== undefined) return found;
  if (!create) return engine.catalog.need(name);
  try {
    return await engine.catalog.create(name);
  } catch (error) {
    const made = isQueuescopeError(error, "queue-exists") ? await engine.catalog.find(name) : undefined;
    if (made === undefined) throw error;
    return made;
  }
}

/** One result an item, in order. @throws as the port's push */
export async function pushInto(engine: Engine, queue: Definition, items: readonly Incoming[]): Promise<PushResult[]> {
  if (items.length === 0) return [];
  const ready = await prepare(engine, queue, items);
  // What was due before enters before.
  await engine.timetable(queue).bringIn();
  return publishReady(engine, queue, ready);
}

/** @throws partial-push naming what was stored; what the server said when nothing was */
export async function publishReady(engine: Engine, queue: Definition, ready: readonly Ready[]): Promise<PushResult[]> {
  const together = waves(ready);
  const whole = together.length < MANY_WAVES ? undefined : await publishWhole(engine, queue, ready);
  if (whole !== undefined) return whole;
  return answered(queue, ready, await publishEach(engine, queue, ready, together));
}

/** One result each; `undefined` for what wasn't tried, since one before it in its partition failed. */
export async function publishEach(engine: Engine, queue: Definition, ready: readonly Ready[], together = waves(ready)): Promise<(Acknowledged | QueuescopeError | undefined)[]> {
  const results = new Array<Acknowledged | QueuescopeError | undefined>(ready.length).fill(undefined);
  for (const wave of together) {
    const answers = await engine.publisher.publishAll(wave.map((index) => (ready[index] as Ready).publication));
    const again: Promise<void>[] = [];
    wave.forEach((index, i) => {
      const answer = answers[i] as Acknowledged | QueuescopeError;
      results[index] = answer;
      if (answer instanceof QueuescopeError || !answer.duplicate) return;
      again.push(beyondWindow(engine, queue, (ready[index] as Ready).publication, answer).then((entered) => { results[index] = entered; }));
    });
    await Promise.all(again);
    // What stands behind a failure in its partition must not overtake it.
    if (answers.some((answer) => answer instanceof QueuescopeError)) break;
  }
  tell(engine, queue, ready);
  return results;
}

/** Checks everything before the first item is stored. */
export async function prepare(engine: Engine, queue: Definition, items: readonly Incoming[]): Promise<Ready[]> {
  checkPushItems(items);
  const { options } = queue;
  if (options.encryptionEnabled && !engine.crypt.available) throw new QueuescopeError("encryption-key-missing", `The queue ${queue.name} is encrypted, and no key is set. Set QUEUESCOPE_ENCRYPTION_KEY to its 64 hexadecimal digits.`, { queue: queue.name });
  if (options.ordered) for (const { priority } of items) if (priority !== undefined) checkPriority(priority, DEFAULT_PARTITION, "priority");
  const subjects = new Subjects(queue.name);
  const now = engine.now();
  const ready = items.map((item, i) => publicationOf(engine, queue, subjects, item, now, items.length > 1 ? `items[${i}].` : ""));
  await announce(engine, queue, ready);
  engine.housekeeping.used(queue);
  if (options.maxSize > 0) await makeRoom(engine, queue, ready);
  return ready;
}

function publicationOf(engine: Engine, queue: Definition, subjects: Subjects, item: Incoming, now: number, at: string): Ready {
  const { options } = queue;
  const where = placeOf(item, queue);
  const due = item.deliverAt !== undefined && item.deliverAt > now ? Math.trunc(item.deliverAt) : null;
  const contents = contentsOf(engine, queue, item, at);
  const more = moreHeaders(engine, options, item, where, due, now);
  const { headers, data } = enclosed(more === undefined ? contents.headers : { ...contents.headers, ...more }, contents.data);
  return { publication: { subject: due === null ? subjects.message(where) : subjects.scheduled(due), headers, data }, where, item, due };
}

/** Besides those of its contents; most messages have none. */
function moreHeaders(engine: Engine, options: QueueOptions, item: Incoming, where: Where, due: number | null, now: number): Headers | undefined {
  const headers: Record<string, string> = {};
  if (item.transactionId !== undefined) headers[HEADER.transaction] = JSON.stringify(item.transactionId);
  const ttl = item.ttl ?? options.ttl;
  if (due !== null) {
    headers[HEADER.due] = String(due);
    headers[HEADER.place] = JSON.stringify(where);
    if (ttl > 0) headers[HEADER.ttl] = String(ttl);
  } else if (ttl > 0) {
    headers[HEADER.expires] = String(now + Math.round(ttl));
  }
  if (engine.stamps) headers[HEADER.at] = String(now);
  if (item.onlyGroup !== undefined) headers[HEADER.onlyGroup] = JSON.stringify(item.onlyGroup);
  if (item.origin !== undefined) headers[HEADER.origin] = item.origin;
  const once = item.once ?? (item.transactionId !== undefined && options.dedupWindowSeconds > 0 ? `${where.partition === null ? "" : token(where.partition)} ${item.transactionId}` : undefined);
  if (once !== undefined) headers["Nats-Msg-Id"] = once.length > LONG_ID ? createHash("sha256").update(once).digest("base64url") : token(once);
  return Object.keys(headers).length > 0 ? headers : undefined;
}

const PLAIN: Readonly<Record<Encoding, Headers>> = { json: { [HEADER.encoding]: "json" }, text: { [HEADER.encoding]: "text" }, bytes: { [HEADER.encoding]: "bytes" } };

/** Data and headers as they are stored. @throws payload-too-large */
export function contentsOf(engine: Engine, queue: Definition, item: Pick<PushItem, "payload" | "headers" | "transactionId">, at = ""): { readonly headers: Headers; readonly data: Uint8Array } {
  const own = headersText(engine, queue, item.headers);
  const data = engine.crypt.seal(item.payload.bytes, queue.options.encryptionEnabled);
  checkSize(engine, data.length + (own?.length ?? 0) + (item.transactionId?.length ?? 0), `${at}payload`);
  const plain = PLAIN[item.payload.encoding];
  return { headers: own === undefined ? plain : { ...plain, [HEADER.headers]: own }, data };
}

function headersText({ crypt }: Engine, { options }: Definition, headers: PushItem["headers"]): string | undefined {
  if (headers === undefined || Object.keys(headers).length === 0) return undefined;
  const text = JSON.stringify(headers);
  return options.encryptionEnabled ? `!${Buffer.from(crypt.sealText(text, true)).toString("base64")}` : text;
}

function checkSize({ maxPayload }: Engine, bytes: number, field: string): void {
  if (bytes <= maxPayload) return;
  throw new QueuescopeError("payload-too-large", `${field} has ${bytes} bytes with its headers; this NATS server takes ${maxPayload} (its max_payload less ${HEADROOM} for what comes with it). Raise max_payload in the server's configuration, or store it elsewhere and push a reference to it.`, { field });
}

/** Where the queue's options put a message. */
function placeOf({ partition, priority }: PushItem, { options }: Definition): Where {
  if (partition !== undefined) return { partition };
  if (options.ordered) return { partition: DEFAULT_PARTITION };
  return { partition: null, priority: priority ?? options.priority };
}

/** Who pops looks for a priority only once a message has had it, and who keeps house for what is over only once something may be. */
async function announce(engine: Engine, queue: Definition, ready: readonly Ready[]): Promise<void> {
  let bits = queue.priorities;
  for (const { where } of ready) if (where.partition === null) bits |= 1 << where.priority;
  const expires = queue.expires ?? (ready.some(({ item }) => (item.ttl ?? queue.options.ttl) > 0) ? true : undefined);
  if (bits === queue.priorities && expires === queue.expires) return;
  await engine.catalog.change(queue.name, (before) => ({ ...before, priorities: before.priorities | bits, ...(expires === undefined ? {} : { expires }) }));
}

/** In one atomic batch, which keeps their order by itself, where the queue's stream takes it; `undefined`: nothing was stored, they go one by one. */
async function publishWhole(engine: Engine, queue: Definition, ready: readonly Ready[]): Promise<PushResult[] | undefined> {
  if (queue.atomic !== true || ready.length < 2 || ready.length > LARGEST_BATCH) return undefined;
  try {
    const stored = await engine.publisher.publishBatch(ready.map(({ publication }) => publication));
    tell(engine, queue, ready);
    return ready.map((one, i) => resultOf(queue, one, stored[i] as Acknowledged));
  } catch (error) {
    // A duplicate is in it, whose original must be named; or the server has too many batches under way.
    if (REFUSED_BATCHES.some((code) => isApiError(error, code))) return undefined;
    throw error;
  }
}

/** One message, whose duplicate is refused. */
export async function publishOnce(engine: Engine, queue: Definition | undefined, publication: Publication): Promise<Acknowledged> {
  const answer = await engine.publisher.publish(publication);
  return answer.duplicate && queue !== undefined ? beyondWindow(engine, queue, publication, answer) : answer;
}

/**
 * The server may remember ids for longer than the queue does: a duplicate of a message that is older than the queue's
 * window enters under an id of the next generation, which is deduplicated in turn.
 */
async function beyondWindow(engine: Engine, queue: Definition, publication: Publication, duplicate: Acknowledged): Promise<Acknowledged> {
  const window = queue.options.dedupWindowSeconds;
  const id = publication.headers?.["Nats-Msg-Id"];
  let answer = duplicate;
  while (answer.duplicate && id !== undefined && publication.headers?.[HEADER.transaction] !== undefined) {
    const stored = await engine.api.read(new Subjects(queue.name).log, { seq: answer.seq });
    if (stored === undefined) return answer;
    const first = LogMessage.ofStored(stored);
    // What a transaction pushed already is no message of before.
    const own = publication.headers[HEADER.intent];
    if (first.at > engine.now() - window || (own !== undefined && first.header(HEADER.intent) === own)) return answer;
    answer = await engine.publisher.publish({ ...publication, headers: { ...publication.headers, "Nats-Msg-Id": `${id}=${answer.seq}` } });
  }
  return answer;
}

/**
 * Runs of items that may be under way together, in the order of the call: of each partition one in a run, since a lost
 * one must stop those behind it.
 */
function waves(ready: readonly Ready[]): number[][] {
  const made: number[][] = [[]];
  let seen = new Set<string>();
  ready.forEach(({ where, due }, index) => {
    const { partition } = where;
    if (partition !== null && due === null) {
      if (seen.has(partition)) {
        made.push([]);
        seen = new Set();
      }
      seen.add(partition);
    }
    made.at(-1)?.push(index);
  });
  return made;
}

export function tell(engine: Engine, queue: Definition, ready: readonly Ready[]): void {
  const subjects = new Subjects(queue.name);
  for (const { due } of ready) {
    if (due === null) continue;
    engine.timetable(queue).add(due);
    engine.changed(subjects, due);
  }
  engine.changed(subjects);
}

/** @throws partial-push naming what was stored; what the server said when nothing was */
function answered(queue: Definition, ready: readonly Ready[], results: readonly (Acknowledged | QueuescopeError | undefined)[]): PushResult[] {
  const failure = results.find((result) => result instanceof QueuescopeError);
  const stored = results.flatMap((result, i) => (result === undefined || result instanceof QueuescopeError ? [] : [resultOf(queue, ready[i] as Ready, result)]));
  if (failure === undefined) return stored;
  if (stored.length === 0) throw failure;
  throw new QueuescopeError("partial-push", `${stored.length} of ${ready.length} messages were stored in ${queue.name}, then: ${failure.message}`, { queue: queue.name, stored: stored.map(({ id }) => id), cause: failure });
}

export function resultOf(queue: Definition, { item, where, due }: Ready, { seq, duplicate }: Acknowledged): PushResult {
  const id = messageId(queue.id, seq);
  return { id, status: duplicate ? "duplicate" : due === null ? "queued" : "scheduled", transactionId: item.transactionId ?? id, partition: where.partition };
}
