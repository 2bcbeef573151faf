import { setTimeout as sleep } from "node:timers/promises";
import { parseContentDocument } from "../client/documents/read.ts";
import { type Broker, type DeadLetter, errorFingerprint, isQueuescopeError, type RedriveRequest, type RedriveResult } from "../core/index.ts";
import type { DeadSelection, Params, RedriveSummary, Result } from "../protocol/index.ts";
import type { Call } from "./host.ts";

/** Read at once. */
const PAGE = 500;
/** Redriven or discarded at once. */
const STEP = 100;
/** With a rate, steps come about this often. */
const STEP_MS = 100;
/** Kept of what was redriven: as many as one undo takes. */
const MOST_KEPT = 10_000;

type Redriven = RedriveResult["redriven"];
interface Stopped { readonly code: string; readonly message: string }

/** The dead letters of a selection, oldest first, some at a time. Those that are redriven or discarded meanwhile don't upset it. */
export async function* eachSelected(broker: Broker, queue: string, { ids, filter, fingerprint }: DeadSelection, { signal, limit = Number.POSITIVE_INFINITY }: { readonly signal: AbortSignal; readonly limit?: number }): AsyncGenerator<readonly DeadLetter[]> {
  let left = limit;
  for (let after: string | undefined; left > 0; ) {
    signal.throwIfAborted();
    const { items, next } = await broker.inspect.deadLetters(queue, { ...filter, ids, after, limit: Math.min(PAGE, left) });
    const fits = fingerprint === undefined ? items : items.filter(({ error }) => errorFingerprint(error) === fingerprint);
    left -= fits.length;
    if (fits.length > 0) yield fits;
    if (next === null) return;
    after = next;
  }
}

export async function selectionCount(call: Call<{ scanned: number }>, queue: string, selection: DeadSelection): Promise<Result<"deadLetters.count">> {
  const { broker, signal } = call;
  const asOf = Date.now();
  let count = 0;
  let redriven = 0;
  for await (const letters of eachSelected(broker, queue, upTo(selection, asOf), { signal })) {
    count += letters.length;
    redriven += letters.filter((letter) => letter.redriven.length > 0).length;
    call.progress({ scanned: count });
  }
  return { count, redriven, asOf };
}

/** Step by step, at the rate asked for. What was redriven before an error or a cancellation is told. */
export async function redriveSelected(call: Call<{ done: number }>, params: Params<"deadLetters.redrive">): Promise<RedriveSummary> {
  const { queue, selection, to, partition, allGroups, again, plaintext, rate, document } = params;
  const { broker, signal } = call;
  const edited = document === undefined ? {} : parseContentDocument(document);
  const request = { allGroups, again, plaintext, ...edited, ...(to === undefined ? {} : { to }), ...(partition === undefined ? {} : { partition }) };
  const pace = new Pace(rate);
  const kept: { deadLetterId: string; messageId: string }[] = [];
  let count = 0;
  let before = 0;

  const stopped = await untilStopped(signal, async () => {
    for await (const letters of eachSelected(broker, queue, selection, { signal })) {
      const todo = again ? letters : letters.filter(({ redriven }) => redriven.length === 0);
      before += letters.length - todo.length;
      for (const ids of steps(todo.map(({ id }) => id), pace.step)) {
        await pace.wait(count, signal);
        for (const { deadLetterId, messageId, status } of await redriveExisting(broker, queue, ids, request)) {
          if (status === "already-redriven") before += 1;
          else {
            count += 1;
            if (kept.length < MOST_KEPT) kept.push({ deadLetterId, messageId });
          }
        }
        call.progress({ done: count });
      }
    }
  }, () => count > 0);
  return { queue: to ?? queue, count, redriven: kept, before, stopped };
}

export async function discardSelected(call: Call<{ done: number }>, queue: string, selection: DeadSelection): Promise<Result<"deadLetters.discard">> {
  const { broker, signal } = call;
  let discarded = 0;
  const stopped = await untilStopped(signal, async () => {
    for await (const letters of eachSelected(broker, queue, selection, { signal })) {
      for (const ids of steps(letters.map(({ id }) => id), STEP)) {
        signal.throwIfAborted();
        discarded += (await broker.repair.discard(queue, { ids })).discarded;
        call.progress({ done: discarded });
      }
    }
  }, () => discarded > 0);
  return { discarded, stopped };
}

/** Somebody may discard one of them at the same moment: it is passed over, and the others are redriven. */
async function redriveExisting(broker: Broker, queue: string, ids: readonly string[], request: Omit<RedriveRequest, "filter">): Promise<Redriven> {
  try {
    return await redriveAll(broker, queue, ids, request);
  } catch (error) {
    if (!isQueuescopeError(error, "message-not-found")) throw error;
    const { items } = await broker.inspect.deadLetters(queue, { ids, limit: ids.length });
    const there = items.map(({ id }) => id);
    if (there.length === ids.length) throw error;
    return there.length === 0 ? [] : redriveAll(broker, queue, there, request);
  }
}

async function redriveAll(broker: Broker, queue: string, ids: readonly string[], request: Omit<RedriveRequest, "filter">): Promise<Redriven> {
  const { redriven } = await broker.repair.redrive(queue, { ...request, filter: { ids }, limit: ids.length });
  return redriven;
}

/** Answers why the work ended early; throws that where nothing was done yet. */
async function untilStopped(signal: AbortSignal, work: () => Promise<void>, begun: () => boolean): Promise<Stopped | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!begun()) throw error;
    if (signal.aborted) return { code: "cancelled", message: "Cancelled." };
    if (isQueuescopeError(error)) return { code: error.code, message: error.message };
    throw error;
  }
}

/** Keeps to a number of messages a second, counted from the first. */
class Pace {
  readonly step: number;
  readonly #rate: number | null;
  #begun: number | undefined;

  constructor(rate: number | null) {
    this.#rate = rate;
    this.step = rate === null ? STEP : Math.max(1, Math.min(STEP, Math.floor((rate * STEP_MS) / 1000)));
  }

  /** Until it is time for the next ones. @throws when aborted */
  async wait(done: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#begun ??= performance.now();
    if (this.#rate === null) return;
    const early = this.#begun + (done * 1000) / this.#rate - performance.now();
    if (early > 0) await sleep(early, undefined, { signal });
  }
}

/** What dies from now on isn't meant, nor what dies again right after its redrive. */
function upTo(selection: DeadSelection, asOf: number): DeadSelection {
  return { ...selection, filter: { ...selection.filter, to: Math.min(selection.filter.to ?? asOf, asOf) } };
}

function steps(ids: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, i) => ids.slice(i * size, (i + 1) * size));
}
