import { leaseLost } from "../../core/index.ts";
import type { Instant, SettleResult, Wanted } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { deadLetterId, messageId } from "./ids.ts";
import { Popping } from "./pop.ts";
import type { Take } from "./pop.ts";
import type { Receipt } from "./receipts.ts";
import { renew } from "./renew.ts";
import type { GroupSession, Performed } from "./session.ts";
import { settleGroup } from "./settling.ts";
import type { Asked, Settled } from "./settling.ts";
import type { Taken } from "./selection.ts";

/** What one call asks of one group, done in one commit. */
export interface GroupCall {
  readonly asked: readonly Asked[];
  readonly renewals: readonly { readonly receipt: Receipt; /** Milliseconds. */ readonly ms: number }[];
  readonly want: Wanted<number> | null;
  /** A random id of a call whose answer may get lost: what it settles is settled once. */
  readonly once: string | null;
}

export const NOTHING_ASKED: GroupCall = { asked: [], renewals: [], want: null, once: null };

export interface GroupAnswer {
  readonly settled: readonly { readonly index: number; readonly result: SettleResult }[];
  /** When each lease ends now; `null` where it has ended. */
  readonly renewed: readonly (Instant | null)[];
  readonly taken: readonly Taken[];
  /** When something changes for the group without anybody's doing; `null`: never. */
  readonly next: Instant | null;
}

interface Step {
  readonly settled: readonly Settled[];
  readonly renewed: readonly (Instant | null)[];
  readonly take: Take | null;
}

/** Does it in this process; `null` when the group doesn't exist, and nothing was to be popped. */
export async function performHere(engine: Engine, queue: Definition, session: GroupSession, call: GroupCall): Promise<GroupAnswer | null> {
  const popping = call.want === null ? null : new Popping(engine, session, call.want);
  const perform = async (): Promise<Performed<Step> | undefined> => {
    // A pop that can't be fails before anything is settled.
    await popping?.prepare(queue);
    return session.run({ queue, apply: (work) => step(work, call, popping), unsure: isUnsure });
  };
  // A group that was deleted meanwhile is made anew by its next pop.
  const performed = (await perform()) ?? (popping === null ? undefined : await perform());
  if (performed === undefined) return null;
  const settled = performed.value.settled.map((one) => ({ index: one.index, result: withDeadLetter(queue, one, performed) }));
  const done = { settled, renewed: performed.value.renewed };
  const { take } = performed.value;
  if (popping === null || take === null) return { ...done, taken: [], next: nextOf(session) };
  // What was settled is stored, and its caller must hear so.
  const stored = settled.length > 0 || call.renewals.length > 0;
  const taken = await popMore(queue, session, popping, take).catch((error: unknown) => {
    if (!stored) throw error;
    return [];
  });
  return { ...done, taken, next: nextOf(session) };
}

async function popMore(queue: Definition, session: GroupSession, popping: Popping, first: Take): Promise<readonly Taken[]> {
  for (let take: Take = first; ; ) {
    if (take.taken.length > 0) return popping.finish(queue, take);
    if (!(await popping.more(queue, take))) return [];
    const again = await session.run({ queue, apply: (work) => popping.take(work), unsure: ({ taken }) => taken.length === 0 });
    if (again === undefined) return [];
    take = again.value;
  }
}

function step(work: Work, { asked, renewals, once }: GroupCall, popping: Popping | null): Step {
  const settled = settleOnce(work, asked, once);
  const renewed = renewals.map(({ receipt, ms }) => renew(work, receipt, ms));
  return { settled, renewed, take: popping?.take(work) ?? null };
}

/** What was settled by a call whose answer got lost is told again, and so is what was refused then. */
function settleOnce(work: Work, asked: readonly Asked[], once: string | null): Settled[] {
  const { record } = work.state;
  const refused = once === null ? undefined : record.asks.get(once);
  if (refused !== undefined) return asked.map((one) => (refused.includes(one.index) ? { index: one.index, result: { ok: false, receipt: one.settlement.receipt, error: leaseLost() } } : assumed(one)));
  const settled = settleGroup(work, asked);
  if (once !== null && settled.some(({ result }) => result.ok)) record.remember(once, settled.flatMap(({ index, result }) => (result.ok ? [] : [index])));
  return settled;
}

function assumed({ index, settlement, receipt }: Asked): Settled {
  const outcome = { ack: "completed", nack: "retrying", release: "released", dead: "dead" } as const;
  return { index, result: { ok: true, receipt: settlement.receipt, messageId: messageId(receipt.queue, receipt.alias ?? receipt.seq), outcome: outcome[settlement.action], retryAt: null, deadLetterId: null } };
}

/** It may be said of an old state. */
function isUnsure({ settled, renewed, take }: Step): boolean {
  return settled.some(({ result }) => !result.ok) || renewed.includes(null) || take?.taken.length === 0;
}

export function withDeadLetter(queue: Definition, { result, intent }: Settled, { done }: Performed<unknown>): SettleResult {
  const seq = intent === undefined ? undefined : done.get(intent)?.seq;
  return result.ok && seq !== undefined ? { ...result, deadLetterId: deadLetterId(queue.id, seq) } : result;
}

function nextOf({ nextChange }: GroupSession): Instant | null {
  return Number.isFinite(nextChange) ? nextChange : null;
}
