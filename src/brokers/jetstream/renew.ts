import { leaseLost, QueuescopeError } from "../../core/index.ts";
import type { RenewResult } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import { putLease } from "./ending.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { NOTHING_ASKED } from "./group-call.ts";
import { parseReceipt } from "./receipts.ts";
import type { Receipt } from "./receipts.ts";
import { liveLease } from "./settling.ts";

/** @param ms `null`: the queue's leaseTime */
export function renewAll(engine: Engine, receipts: readonly string[], ms: number | null): Promise<RenewResult[]> {
  return Promise.all(receipts.map((text) => renewOne(engine, text, ms)));
}

async function renewOne(engine: Engine, text: string, ms: number | null): Promise<RenewResult> {
  try {
    const receipt = parseReceipt(text);
    const queue = await engine.catalog.byId(receipt.queue);
    if (queue === undefined) throw leaseLost("its queue was deleted");
    const ends = await renewed(engine, queue, receipt, ms ?? queue.options.leaseTime);
    return { ok: true, receipt: text, leaseExpiresAt: ends };
  } catch (error) {
    if (error instanceof QueuescopeError) return { ok: false, receipt: text, error };
    throw error;
  }
}

async function renewed(engine: Engine, queue: Definition, receipt: Receipt, ms: number): Promise<number> {
  const answer = await engine.ownership.perform(queue, engine.session(queue, receipt.group), { ...NOTHING_ASKED, renewals: [{ receipt, ms }] });
  const ends = answer?.renewed[0] ?? null;
  if (ends === null) throw leaseLost();
  return ends;
}

/** When the lease ends now; `null` when it has ended, or the message is settled. */
export function renew(work: Work, receipt: Receipt, ms: number): number | null {
  const { state, now } = work;
  const lease = liveLease(work, receipt);
  if (lease?.open.includes(receipt.seq) !== true) return null;
  const ends = now + ms;
  putLease(state, receipt.partition, { ...lease, ends });
  return ends;
}
