import { type Scenario, scenario } from "./harness.ts";
import { ackWithNextPop, batches, BODY, type Keys, newBroker, popAndAck, pushing } from "./ours.ts";
import { halfRawRate, rawInsert } from "./raw.ts";

const KEYS: readonly { readonly keys: Keys; readonly label: string }[] = [
  { keys: "none", label: "no key" },
  { keys: "batch", label: "1,000 partitions, a batch each" },
  { keys: "mixed", label: "1,000 partitions, mixed in a batch" },
];

function pushRow(batch: number, keys: Keys, label: string): Scenario {
  const row = {
    name: `push-${batch}-${keys}`,
    what: `push ${batch} against a raw insert of ${batch}; ${label}`,
    unit: "x",
    floor: { atLeast: batch === 1 ? 0.35 : 0.5 },
  } as const;
  return scenario(row, async (bench) => {
    return bench.ratio(pushing(await newBroker(bench), batches(batch, keys)), rawInsert(bench, batch, BODY));
  });
}

function consumeRow(merged: boolean, keys: Keys, label: string): Scenario {
  const row = {
    name: `${merged ? "worker-loop" : "pop-ack"}-1-${keys}`,
    what: `pop and ack 1 in ${merged ? "one commit (ack with the next pop)" : "two commits"} against half the raw rate; ${label}`,
    unit: "x",
    floor: { atLeast: merged ? 0.8 : 0.35 },
  } as const;
  return scenario(row, async (bench) => {
    const broker = await newBroker(bench);
    return bench.ratio(merged ? ackWithNextPop(broker, keys) : popAndAck(broker, keys), halfRawRate(bench, BODY));
  });
}

export const pushScenarios: readonly Scenario[] = [
  ...[1, 10, 100].flatMap((batch) => KEYS.filter(({ keys }) => batch > 1 || keys !== "mixed").map(({ keys, label }) => pushRow(batch, keys, label))),
  ...[false, true].flatMap((merged) => KEYS.filter(({ keys }) => keys !== "mixed").map(({ keys, label }) => consumeRow(merged, keys, label))),
];
