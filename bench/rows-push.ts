import { connect } from "../src/client/index.ts";
import { type Bench, type Scenario, scenario, type Side } from "./harness.ts";
import { ackWithNextPop, batches, BODY, checkpointed, type Keys, newBroker, popAndAck, pushing, QUEUE } from "./ours.ts";
import { halfRawRate, rawInsert } from "./raw.ts";

const KEYS: readonly { readonly keys: Keys; readonly label: string }[] = [
  { keys: "none", label: "no key" },
  { keys: "batch", label: "1,000 partitions, a batch each" },
  { keys: "mixed", label: "1,000 partitions, mixed in a batch" },
];

function pushRow(batch: number, keys: Keys, label: string): Scenario {
  // A partition's order and count are three of its eight pages, whatever the batch's size.
  const restated = batch === 10 && keys === "batch";
  const row = {
    name: `push-${batch}-${keys}`,
    what: `push ${batch} against a raw insert of ${batch}; ${label}`,
    unit: "x",
    // A batch spread over as many partitions writes a page or more for each: shown, but compared with nothing fair.
    floor: keys === "mixed" ? null : { atLeast: batch === 1 || restated ? 0.35 : 0.5 },
    ...(restated ? { wanted: 0.5 } : {}),
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
    return bench.ratio(checkpointed(bench, broker, merged ? ackWithNextPop(broker, keys) : popAndAck(broker, keys)), halfRawRate(bench, BODY));
  });
}

/** The value that `BODY` is the JSON of. */
const DATA = { text: "x".repeat(245) };

async function sdkPushing(bench: Bench, buffering: boolean): Promise<Side> {
  const client = await connect(`file:${bench.file("queues.db")}`);
  bench.after(() => client.close());
  const queue = buffering ? client.queue(QUEUE).buffer() : client.queue(QUEUE);
  return { run: async () => (await queue.push(DATA), 1) };
}

const buffered: readonly Scenario[] = [
  scenario(
    { name: "buffered", what: "the SDK's buffered pushes, each awaited, from values, against a raw insert of 100", unit: "x", floor: { atLeast: 0.35 } },
    async (bench) => bench.ratio(await sdkPushing(bench, true), rawInsert(bench, 100, BODY)),
  ),
  // No floor: it falls as single pushes become faster.
  scenario(
    { name: "buffered-single", what: "the SDK's buffered pushes against its single ones, each awaited", unit: "x", floor: null },
    async (bench) => bench.ratio(await sdkPushing(bench, true), await sdkPushing(bench, false)),
  ),
];

export const pushScenarios: readonly Scenario[] = [
  ...[1, 10, 100].flatMap((batch) => KEYS.filter(({ keys }) => batch > 1 || keys !== "mixed").map(({ keys, label }) => pushRow(batch, keys, label))),
  ...[false, true].flatMap((merged) => KEYS.filter(({ keys }) => keys !== "mixed").map(({ keys, label }) => consumeRow(merged, keys, label))),
  ...buffered,
];
