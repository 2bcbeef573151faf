/** `taker.ts DB`: when told to go, pops and acks until nothing is left; answers the ids it got. */
import { openLocal } from "../../../src/brokers/local/index.ts";

const [, , path = ""] = process.argv;
const broker = await openLocal(path);

async function takeAll(): Promise<string[]> {
  const ids: string[] = [];
  for (let batch = 1; ; batch = (batch % 5) + 1) {
    const deliveries = await broker.messages.pop("orders", { batch });
    // Others may hold what keeps a partition from us.
    if (deliveries.length === 0 && (await left()) === 0) return ids;
    ids.push(...deliveries.map(({ id }) => id));
    await broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
  }
}

async function left(): Promise<number> {
  const { ready, leased } = (await broker.inspect.stats("orders")).counts;
  return ready + leased;
}

process.once("message", () => {
  void takeAll().then((ids) => process.send?.(ids));
});
process.send?.("ready");
