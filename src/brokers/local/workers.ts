import { checkWorker, durationMs, WORKER_REMEMBERED } from "../../core/index.ts";
import type { Settlement, Workers } from "../../core/index.ts";
import { change } from "./context.ts";
import type { Local, Work } from "./context.ts";
import { leaseById, openOfLog } from "./leases.ts";
import type { Lease } from "./leases.ts";
import { receiptText } from "./receipts.ts";
import { renewLease } from "./renew.ts";
import { liveLease, settleAll } from "./settle.ts";
import { idList } from "./standing.ts";
import { workerList } from "./worker-list.ts";

/** Leases that one transaction renews or releases. */
const AT_ONCE = 100;

export function workersFacet(local: Local): Workers {
  const { store } = local;
  return {
    async heartbeat(worker) {
      checkWorker(worker);
      await store.write((tx) => {
        tx.run("INSERT INTO worker (id, state, beat_at, beat_every) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state, beat_at = excluded.beat_at, beat_every = excluded.beat_every", worker.id, JSON.stringify(worker), tx.now, worker.interval);
        tx.run("DELETE FROM worker WHERE beat_at <= ?", tx.now - WORKER_REMEMBERED);
      });
    },
    list: () => store.read(workerList),
    async remove(id) {
      await store.write((tx) => { tx.run("DELETE FROM worker WHERE id = ?", id); });
    },
    async renewLeases(id, lease) {
      const ms = lease === undefined ? null : durationMs(lease, "lease", "ms");
      return eachLease(local, id, (work, row) => {
        const live = liveLease(work, row, row.token);
        if (live === undefined) return 0;
        renewLease(work, row, ms ?? live.queue.options.leaseTime);
        return 1;
      });
    },
    releaseLeases: (id) => eachLease(local, id, release),
  };
}

/** Acts on the live leases of a worker, some a transaction; answers the sum. */
async function eachLease(local: Local, worker: string, act: (work: Work, lease: Lease) => number): Promise<number> {
  let sum = 0;
  for (let after: number | null = 0; after !== null; ) {
    const from: number = after;
    const step = await change(local, (work) => {
      const keys = work.tx.all<{ lease: number }>("SELECT lease FROM lease INDEXED BY lease_worker WHERE worker = ? AND lease > ? ORDER BY lease LIMIT ? + 0", worker, from, AT_ONCE);
      const leases = keys.flatMap(({ lease }) => leaseById(work.tx, lease) ?? []);
      return { count: leases.reduce((count, lease) => count + act(work, lease), 0), last: keys.at(-1)?.lease ?? null };
    });
    sum += step.count;
    after = step.last;
  }
  return sum;
}

/** As if the worker had released each of its messages. */
function release(work: Work, lease: Lease): number {
  const open = [...openOfLog(work.tx, lease, new Set(idList(lease.done))), ...returnedIn(work, lease)];
  const settlements = open.map(({ id, alias }): Settlement => ({ action: "release", receipt: receiptText(lease.lease, lease.token, id, alias) }));
  const results = settleAll(work, settlements);
  return results.some((result) => result.ok) ? settlements.length : 0;
}

function returnedIn({ tx }: Work, lease: Lease): { id: number; alias: number | null }[] {
  return tx.all("SELECT e.id, m.alias FROM exc AS e INDEXED BY exc_lease CROSS JOIN msg AS m ON m.id = e.id WHERE e.lease = ?", lease.lease);
}
