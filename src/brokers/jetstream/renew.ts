import { QueuescopeError } from "../../core/index.ts";
import type { RenewResult } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { parseReceipt } from "./receipts.ts";
import type { Receipt } from "./receipts.ts";
import { leaseLost, liveLease } from "./settling.ts";

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
  const session = engine.session(queue, receipt.group);
  const performed = await session.run({ queue, apply: (work) => renew(work, receipt, ms), unsure: (ends) => ends === null });
  if (performed === undefined || performed.value === null) throw leaseLost();
  return performed.value;
}

/** When the lease ends now; `null` when it has ended, or the message is settled. */
export function renew(work: Work, receipt: Receipt, ms: number): number | null {
  const { state, now } = work;
  const lease = liveLease(work, receipt);
  if (lease?.open.includes(receipt.seq) !== true) return null;
  const ends = now + ms;
  const part = receipt.partition === null ? undefined : state.record.parts.get(receipt.partition);
  if (receipt.partition !== null && part?.lease !== undefined) state.setPart(receipt.partition, { ...part, lease: { ...part.lease, ends } });
  else state.setLease(lease.token, { ...lease, ends });
  return ends;
}
