import { randomBytes } from "node:crypto";
import { charge } from "../../core/index.ts";
import type { Crypt, DeadReason, Failure, Instant } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Effects } from "./effects.ts";
import type { GroupState } from "./group-state.ts";
import type { Bond, Lease, Past } from "./record.ts";

/** What one operation works with: a group's state, its queue, and one time for all it does. */
export interface Work {
  readonly state: GroupState;
  readonly queue: Definition;
  readonly crypt: Crypt;
  readonly now: Instant;
  readonly effects: Effects;
  /** Bytes that the record may have: beyond it nothing new is taken up until something is settled. */
  readonly room: number;
}

export type Fate =
  | { readonly fate: "retry"; readonly past: Past; readonly retryAt: Instant }
  /** `intent`: of the dead letter that is to be stored. */
  | { readonly fate: "dead"; readonly intent: string }
  | { readonly fate: "drop" };

/** A message that a lease holds. */
export interface Held {
  readonly seq: number;
  readonly lease: Lease;
  /** Charges and deliveries, the one of this lease included. */
  readonly c: number;
  readonly d: number;
}

/** Milliseconds that a lease with bonds goes on while it is found out what became of them. */
export const LOOK = 10_000;
const LONGEST_ERROR = 300;
const LONGEST_TEXT = 16_000;

/** Charges a message; who calls puts it where it belongs. */
export function fail(work: Work, held: Held, error: Failure | undefined, how: { readonly delay?: number | undefined; readonly expired?: boolean }): Fate {
  const { state, queue, effects, now } = work;
  const own = how.expired === true;
  // The time that a lease ran is delay enough.
  const charged = charge(queue.options, held.c, now, Math.random(), own ? 0 : how.delay);
  state.record.count(own ? { expired: 1 } : { failed: 1 });
  const event = { seq: held.seq, group: state.name, worker: held.lease.worker, attempt: charged.charges, own };
  effects.record(own ? "expired" : "nacked", { ...event, data: { ...errorData(error), ...(charged.fate === "retry" ? { retryAt: charged.retryAt } : {}) } });
  switch (charged.fate) {
    case "retry":
      return { fate: "retry", retryAt: charged.retryAt, past: { seq: held.seq, c: charged.charges, d: held.d, r: 1, ...(error === undefined ? {} : { err: keep(work, error.message.slice(0, LONGEST_ERROR), own) }) } };
    case "drop":
      state.record.count({ dropped: 1 });
      effects.write("dropped", { ...event, data: { ...errorData(error), reason: "retries-exhausted" } });
      return { fate: "drop" };
    case "dead":
      return die(work, { ...held, c: charged.charges }, error, own ? "lease-expired" : "retries-exhausted");
  }
}

/** Makes it a dead letter now: somebody asked for it, so whatever the queue does with exhausted ones. */
export function reject(work: Work, held: Held, error: Failure | undefined): Fate {
  return die(work, { ...held, c: held.c + 1 }, error, "rejected");
}

function die(work: Work, held: Held, error: Failure | undefined, reason: DeadReason): Fate {
  const { state, effects, now } = work;
  const own = reason === "lease-expired";
  const intent = randomBytes(9).toString("base64url");
  state.record.intents.set(intent, {
    kind: "dead", seq: held.seq, at: now, reason, c: held.c, d: held.d,
    ...(error === undefined ? {} : { err: keep(work, error.message.slice(0, LONGEST_TEXT), own) }),
    ...(error?.stack === undefined ? {} : { stack: keep(work, error.stack.slice(0, LONGEST_TEXT), own) }),
  });
  state.record.count({ dead: 1 });
  effects.intents.push(intent);
  effects.record("dead", { seq: held.seq, group: state.name, worker: held.lease.worker, attempt: held.c, own, data: { ...errorData(error), reason, intent } });
  return { fate: "dead", intent };
}

export function errorData(error: Failure | undefined): Record<string, unknown> {
  return error === undefined ? {} : { error: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
}

/** Text as it is kept in records and headers: after `=` as it is, after `!` encrypted and in base64. */
export function keep({ queue, crypt }: Pick<Work, "queue" | "crypt">, text: string, own = false): string {
  if (!queue.options.encryptionEnabled || (own && !crypt.available)) return `=${text}`;
  return `!${Buffer.from(crypt.sealText(text, true)).toString("base64")}`;
}

export function kept(crypt: Crypt, text: string): string {
  return text.startsWith("!") ? crypt.unsealText(Buffer.from(text.slice(1), "base64")) : text.slice(1);
}

/** Charges and deliveries of a message of a partition's lease. */
export function heldInPart(past: readonly Past[] | undefined, seq: number, lease: Lease): Held {
  const known = past?.find((one) => one.seq === seq);
  return { seq, lease, c: known?.c ?? 0, d: known?.d ?? 1 };
}

/** What ends a partition's lease: the message that failed, or `null` when none is charged. */
export type Ending = { readonly seq: number; readonly error: Failure | undefined; readonly how: { readonly delay?: number | undefined; readonly expired?: boolean } } | null;

/** Ends a partition's lease: the message of `ending` is charged, the other unsettled ones return uncharged. */
export function endPart(work: Work, partition: string, ending: Ending): Fate | null {
  const { state, effects } = work;
  const part = state.record.parts.get(partition);
  const lease = part?.lease;
  if (part === undefined || lease === undefined) return null;
  let fate: Fate | null = null;
  const returned: Past[] = [];
  const settled: number[] = [];
  for (const seq of lease.open) {
    const held = heldInPart(part.past, seq, lease);
    if (seq !== ending?.seq) {
      const before = part.past?.find((one) => one.seq === seq);
      returned.push({ seq, c: held.c, d: held.d, r: 0, ...(before?.err === undefined ? {} : { err: before.err }) });
      effects.record("released", { seq, group: state.name, worker: lease.worker });
      continue;
    }
    fate = fail(work, held, ending.error, ending.how);
    if (fate.fate === "retry") returned.push({ ...fate.past, at: fate.retryAt });
    else settled.push(seq);
  }
  const head = returned[0];
  const pos = head === undefined ? lease.last : head.seq - 1;
  const done = [...(part.done ?? []), ...settled].filter((seq) => seq > pos);
  const others = (part.past ?? []).filter(({ seq }) => seq > pos && !lease.open.includes(seq));
  const ready = fate?.fate === "retry" && head?.seq === ending?.seq ? fate.retryAt : undefined;
  const past = [...returned, ...others].sort((a, b) => a.seq - b.seq);
  state.setPart(partition, { pos, tail: part.tail, n: part.n - settled.length, ...(ready === undefined ? {} : { ready }), ...(done.length > 0 ? { done } : {}), ...(past.length > 0 ? { past } : {}) });
  return fate;
}

/** A message without a partition goes back: charged, or not. */
export function returnOne(work: Work, held: Held, outcome: { readonly retry: Past; readonly at: Instant; readonly alone: boolean } | { readonly releasedAt: Instant }): void {
  const { state, effects } = work;
  const before = state.record.back.get(held.seq);
  const priority = before?.p === undefined ? {} : { p: before.p };
  if ("retry" in outcome) {
    state.setBack(held.seq, { ...outcome.retry, ready: outcome.at, ...priority, ...(outcome.alone ? { alone: 1 as const } : {}) });
    return;
  }
  state.setBack(held.seq, { seq: held.seq, c: held.c, d: held.d, r: 0, ready: outcome.releasedAt, ...priority, ...(before?.err === undefined ? {} : { err: before.err }) });
  effects.record("released", { seq: held.seq, group: state.name, worker: held.lease.worker });
}

export function heldAlone(state: GroupState, seq: number, lease: Lease): Held {
  const back = state.record.back.get(seq);
  return { seq, lease, c: back?.c ?? 0, d: back?.d ?? 1 };
}

/** Ends the leases that have run out. */
export function expire(work: Work): void {
  const { state, queue, now } = work;
  const { parts, leases } = state.runOut(now);
  for (const partition of parts) {
    const lease = state.record.parts.get(partition)?.lease;
    const first = lease?.open[0];
    if (lease === undefined || goesOn(work, partition, lease)) continue;
    const charged = queue.options.chargeExpiry && first !== undefined;
    endPart(work, partition, charged ? { seq: first, error: ranOut(lease), how: { expired: true } } : null);
  }
  for (const token of leases) {
    const lease = state.record.leases.get(token);
    if (lease === undefined || goesOn(work, null, lease)) continue;
    for (const seq of lease.open) {
      const held = heldAlone(state, seq, lease);
      if (!queue.options.chargeExpiry) {
        returnOne(work, held, { releasedAt: now });
        continue;
      }
      const fate = fail(work, held, ranOut(lease), { expired: true });
      if (fate.fate === "retry") returnOne(work, held, { retry: fate.past, at: fate.retryAt, alone: true });
      else state.deleteBack(seq);
    }
    state.record.leases.delete(token);
  }
}

/** Only another group's record tells whether a transaction has settled some of it: the lease doesn't end before that was read. */
function goesOn({ state, effects, now }: Work, partition: string | null, { bonds, ...lease }: Lease): boolean {
  if (bonds === undefined) return false;
  const until = Math.max(...bonds.map((bond) => bond.until));
  putLease(state, partition, { ...lease, ends: Math.max(until, now + LOOK) }, bonds);
  if (until > now) return true;
  const intent = randomBytes(9).toString("base64url");
  state.record.intents.set(intent, { kind: "bonds", partition, token: lease.token });
  effects.intents.push(intent);
  return true;
}

export function leaseOf({ record }: GroupState, partition: string | null, token: string): Lease | undefined {
  const lease = partition === null ? record.leases.get(token) : record.parts.get(partition)?.lease;
  return lease?.token === token ? lease : undefined;
}

/** In the place of the one with its token. */
export function putLease(state: GroupState, partition: string | null, { bonds: before = [], ...lease }: Lease, bonds: readonly Bond[] = before): void {
  const put = { ...lease, ...(bonds.length > 0 ? { bonds } : {}) };
  const part = partition === null ? undefined : state.record.parts.get(partition);
  if (partition === null) state.setLease(lease.token, put);
  else if (part?.lease !== undefined) state.setPart(partition, { ...part, lease: { ...put, last: part.lease.last } });
}

function ranOut(lease: Lease): Failure {
  return { message: `The lease ran out${lease.worker === undefined ? "" : ` at worker ${lease.worker}`}: it was neither settled nor renewed for ${lease.ends - lease.since} ms.` };
}
