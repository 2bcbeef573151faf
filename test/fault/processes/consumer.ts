/** `consumer.ts DB|URL LEDGER SEED audit|forward`: pops and settles in every way there is until it is killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Broker, type Delivery, isQueuescopeError, payloadValue, type Settlement, valuePayload } from "../../../src/core/index.ts";
import { clock, LedgerWriter } from "../support/ledger.ts";
import { isAway, isNats, openAt } from "../support/open.ts";
import { Random } from "../support/random.ts";

const LEASE = 150;
type Leased = Delivery & { readonly receipt: string; readonly leaseExpiresAt: number };

const [, , path = "", ledgerPath = "", seed = "0", group = ""] = process.argv;
const ledger = new LedgerWriter(ledgerPath);
const random = new Random(Number(seed));
let calls = 0;

async function pop(broker: Broker): Promise<Leased[]> {
  const start = clock();
  return given(start, (await broker.messages.pop("orders", { group, batch: random.whole(1, 4), wait: 100, lease: LEASE })) as Leased[]);
}

/** As a worker does it: acks and takes the next in one call. */
async function next(broker: Broker, held: readonly Leased[]): Promise<Leased[]> {
  const call = intend("ack", held);
  const start = clock();
  const { settled, deliveries } = await broker.messages.settleAndPop(held.map(({ receipt }) => ({ action: "ack", receipt })), "orders", { group, batch: random.whole(1, 2), lease: LEASE });
  ledger.write({ kind: "settled", call, end: clock(), refused: settled.map((result) => (result.ok ? null : result.error.code)) });
  return given(start, deliveries as Leased[]);
}

function given(start: number, deliveries: Leased[]): Leased[] {
  if (deliveries.length === 0) return [];
  ledger.write({
    kind: "popped", group, start, end: clock(), wall: Date.now(),
    deliveries: deliveries.map(({ id, partition, payload, receipt, leaseExpiresAt }) => ({ id, partition, tx: (payloadValue(payload) as { tx: string }).tx, receipt, leaseEnds: leaseExpiresAt })),
  });
  return deliveries;
}

function intend(action: "ack" | "nack" | "release", deliveries: readonly Leased[]): number {
  const call = calls++;
  ledger.write({ kind: "settle-intent", call, group, start: clock(), wall: Date.now(), items: deliveries.map(({ id, receipt }) => ({ id, receipt, action })) });
  return call;
}

async function settle(broker: Broker, action: "ack" | "nack" | "release", deliveries: readonly Leased[]): Promise<void> {
  if (deliveries.length === 0) return;
  const call = intend(action, deliveries);
  const results = await broker.messages.settle(deliveries.map(({ receipt }): Settlement => (action === "nack" ? { action, receipt, error: { message: "a test's nack" } } : { action, receipt })));
  ledger.write({ kind: "settled", call, end: clock(), refused: results.map((result) => (result.ok ? null : result.error.code)) });
}

/** Completes the messages and pushes one for each to `next`, all or nothing. */
async function forward(broker: Broker, deliveries: readonly Leased[]): Promise<void> {
  const call = intend("ack", deliveries);
  const refused = await broker.messages.transact({
    settle: deliveries.map(({ receipt }) => ({ action: "ack", receipt })),
    push: [{ queue: "next", items: deliveries.map(({ id }) => ({ payload: valuePayload({ of: id }) })) }],
  }).then(() => null, (error: unknown) => {
    if (isQueuescopeError(error, "lease-lost")) return error.code;
    throw error;
  });
  ledger.write({ kind: "settled", call, end: clock(), refused: deliveries.map(() => refused) });
}

async function renew(broker: Broker, deliveries: readonly Leased[]): Promise<void> {
  const results = await broker.messages.renew(deliveries.map(({ receipt }) => receipt), LEASE);
  for (const result of results) if (result.ok) ledger.write({ kind: "renewed", receipt: result.receipt, leaseEnds: result.leaseExpiresAt });
}

/** Answers what it was given meanwhile. */
async function handle(broker: Broker, deliveries: readonly Leased[]): Promise<Leased[]> {
  const [first, ...others] = deliveries;
  if (first === undefined) return pop(broker);
  const way = random.next();
  if (way < 0.15) await sleep(LEASE + random.whole(10, 60)); // too late: what follows is to be refused
  else if (way < 0.22) await sleep(random.whole(1, 60)).then(() => renew(broker, deliveries)).then(() => sleep(random.whole(40, 120)));
  if (group === "forward") {
    await forward(broker, deliveries);
  } else if (way > 0.92) {
    await settle(broker, "nack", [first]);
    await settle(broker, "ack", others); // in a partition their receipts are stale now
  } else if (way > 0.87) {
    await settle(broker, "ack", others); // behind the first one, which is still open
    await settle(broker, "release", [first]);
  } else if (way > 0.5) {
    await settle(broker, "ack", deliveries);
  } else {
    return next(broker, deliveries);
  }
  return [];
}

const broker = await openAt(path);
process.send?.("working");
for (let held: Leased[] = []; ; ) {
  try {
    held = await handle(broker, held);
  } catch (error) {
    // What it was about to do may be done or not, as if it had been killed.
    if (!isNats(path) || !isAway(error)) throw error;
    held = [];
    await sleep(10);
  }
}
