import { badAfter, pageLimit, ScanBudget } from "../../../core/index.ts";
import type { LeasedMessage, Page, PageRequest } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import type { Lease } from "../record.ts";
import { isExpired, Reading } from "./reading.ts";

type LeasesRequest = PageRequest & { readonly group?: string | undefined; readonly worker?: string | undefined };

/** Behind a message of a lease. */
interface Place {
  readonly since: number;
  readonly token: string;
  readonly seq: number;
}

interface Held extends Place {
  readonly reading: Reading;
  readonly lease: Lease;
}

/** Messages that are read at a time. */
const CHUNK = 200;

/** Leased messages, by lease: the oldest first. The records name them, so that only those shown are read. */
export async function leases(engine: Engine, queue: Definition, request: LeasesRequest): Promise<Page<LeasedMessage>> {
  const limit = pageLimit(request);
  const start = readPlace(request.after);
  const held = (await heldOf(engine, queue, request)).filter((one) => inOrder(one, start) > 0);
  const budget = new ScanBudget();
  const items: LeasedMessage[] = [];
  let place = start;
  for (let i = 0; i < held.length; i += CHUNK) {
    const chunk = held.slice(i, i + CHUNK);
    for (const { one, message } of await messagesOf(chunk)) {
      if (items.length >= limit || budget.spent) return { items, next: `${place.since}.${place.token}.${place.seq}` };
      place = one;
      budget.spend(message?.data.length ?? 0);
      if (message === undefined || isExpired(message, one.reading.now)) continue;
      const shown = one.reading.shown(message, one.reading.view.of(message));
      items.push({ ...shown, state: "leased", leasedAt: one.lease.since, leaseExpiresAt: one.lease.ends });
    }
  }
  return { items, next: null };
}

async function messagesOf(chunk: readonly Held[]): Promise<{ one: Held; message: Awaited<ReturnType<Reading["messages"]>>[number] | undefined }[]> {
  return Promise.all(chunk.map(async (one) => ({ one, message: (await one.reading.messages([one.seq]))[0] })));
}

async function heldOf(engine: Engine, queue: Definition, { group, worker }: LeasesRequest): Promise<Held[]> {
  const names = await engine.groupNames(queue);
  const asked = names.filter((name) => group === undefined || name === group);
  const readings = await Promise.all(asked.map((name) => Reading.open(engine, queue, name)));
  const held = readings.flatMap((reading) => [...reading.view.liveLeases()]
    .filter((lease) => worker === undefined || lease.worker === worker)
    .flatMap((lease) => lease.open.map((seq) => ({ reading, lease, since: lease.since, token: lease.token, seq }))));
  return held.sort(inOrder);
}

function inOrder(a: Place, b: Place): number {
  return a.since - b.since || (a.token < b.token ? -1 : a.token > b.token ? 1 : a.seq - b.seq);
}

function readPlace(after: unknown): Place {
  if (after === undefined) return { since: 0, token: "", seq: 0 };
  const match = typeof after === "string" ? /^(\d{1,16})\.([\w-]{1,64})\.(\d{1,16})$/.exec(after) : null;
  if (match === null) throw badAfter(after);
  return { since: Number(match[1]), token: match[2] ?? "", seq: Number(match[3]) };
}
