/** `producer.ts DB|URL LEDGER SEED NAME [LEDGER OF THE ONE BEFORE]`: pushes until it is killed; first again what the one before it didn't see confirmed. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Broker, type PushItem, valuePayload } from "../../../src/core/index.ts";
import { type Entry, LedgerWriter, readLedger } from "../support/ledger.ts";
import { isAway, isNats, openAt } from "../support/open.ts";
import { Random } from "../support/random.ts";

const [, , path = "", ledgerPath = "", seed = "0", name = "", before] = process.argv;
const ledger = new LedgerWriter(ledgerPath);
const random = new Random(Number(seed));

async function push(broker: Broker, queue: string, partition: string | null, txs: readonly string[]): Promise<readonly string[]> {
  ledger.write({ kind: "push-intent", queue, partition, txs });
  const items = txs.map((tx) => ({ payload: valuePayload({ tx, filler: "x".repeat(300) }), transactionId: tx, ...(partition === null ? {} : { partition }) }));
  const ids = await confirmed(broker, queue, items);
  ledger.write({ kind: "pushed", queue, partition, txs, ids });
  return ids;
}

/** A server that was away may have stored some of it: it is pushed again, as one should. */
async function confirmed(broker: Broker, queue: string, items: readonly PushItem[]): Promise<string[]> {
  for (;;) {
    try {
      return (await broker.messages.push(queue, items)).map(({ id }) => id);
    } catch (error) {
      expectAway(error);
      await sleep(10);
    }
  }
}

function expectAway(error: unknown): void {
  if (!isNats(path) || !isAway(error)) throw error;
}

/** The newest message goes and another comes: its id must be a new one. */
async function pushAndRemoveNewest(broker: Broker, tx: string): Promise<void> {
  const ids = await push(broker, "scratch", null, [`${tx}-gone`]);
  await broker.repair.remove(ids).catch(expectAway);
  await push(broker, "scratch", null, [`${tx}-next`]);
}

function unconfirmed(entries: readonly Entry[]): Extract<Entry, { kind: "push-intent" }>[] {
  const confirmed = new Set(entries.filter((entry) => entry.kind === "pushed").flatMap(({ txs }) => txs));
  return entries.filter((entry) => entry.kind === "push-intent").filter(({ txs }) => txs.some((tx) => !confirmed.has(tx)));
}

const broker = await openAt(path);
for (const { queue, partition, txs } of before === undefined ? [] : unconfirmed(readLedger(before))) await push(broker, queue, partition, txs);
process.send?.("working");
for (let n = 0; ; n++) {
  const partition = random.chance(0.4) ? null : `p${random.whole(0, 5)}`;
  await push(broker, "orders", partition, Array.from({ length: random.whole(1, 4) }, (_, i) => `${name}-${n}-${i}`));
  if (n % 20 === 0) await pushAndRemoveNewest(broker, `${name}-${n}`);
  await sleep(random.whole(1, 6));
}
