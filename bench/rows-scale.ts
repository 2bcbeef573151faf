import type { Broker } from "../src/core/index.ts";
import { type Bench, million, type Scenario, scenario, type Settings, type Side } from "./harness.ts";
import { ackWithNextPop, batches, fill, type Keys, newBroker, popAndAck, pushing, QUEUE } from "./ours.ts";

async function brokerWithGroups(bench: Bench, groups: number): Promise<Broker> {
  const broker = await newBroker(bench);
  for (let n = 1; n < groups; n++) await broker.messages.pop(QUEUE, { group: `group-${n}` });
  return broker;
}

async function brokerWithBacklog(bench: Bench, messages: number, keys: Keys, partitions?: number): Promise<Broker> {
  const broker = await newBroker(bench);
  await fill(broker, messages, keys, partitions);
  return broker;
}

/** Push one, take one: the store stays as deep as it was. */
function pushAndTake(broker: Broker, keys: Keys): Side {
  const push = pushing(broker, batches(1, keys));
  const take = ackWithNextPop(broker, keys);
  return {
    async run() {
      await push.run();
      return take.run();
    },
  };
}

function shown(settings: Settings): string {
  return million(settings).toLocaleString("en");
}

function backlog(keys: Keys, label: string): Scenario {
  const row = {
    name: `backlog-${keys}`,
    what: (settings: Settings) => `push and take 1 with ${shown(settings)} messages waiting against none; ${label}`,
    unit: "x",
    floor: { atLeast: 0.8 },
  } as const;
  return scenario(row, async (bench) => {
    const deep = await brokerWithBacklog(bench, million(bench.settings), keys);
    return bench.ratio(pushAndTake(deep, keys), pushAndTake(await newBroker(bench), keys));
  });
}

/** Pushes to partitions all over the store, not to the same few again and again. */
function pushSpread(broker: Broker, partitions: number): Side {
  let n = 0;
  const payload = { encoding: "json", bytes: new Uint8Array(256).fill(49) } as const;
  return pushing(broker, () => {
    n = (n + 7_919) % partitions;
    return [{ payload, partition: `customer-${n}` }];
  });
}

function groups(batch: number): Scenario {
  const row = { name: `groups-10-push-${batch}`, what: `push ${batch} to a queue with 10 groups against 1 group`, unit: "x", floor: { atLeast: 0.75 } } as const;
  return scenario(row, async (bench) => {
    const [ten, one] = [await brokerWithGroups(bench, 10), await brokerWithGroups(bench, 1)];
    return bench.ratio(pushing(ten, batches(batch, "none")), pushing(one, batches(batch, "none")));
  });
}

/** Its store is deep enough for all rounds. */
function withoutFill(side: Side): Side {
  return { run: () => side.run() };
}

/** One store of very many partitions, which takes a while to make, for all rows that look at it. */
const partitions: Scenario = {
  rows: [
    { name: "partitions-push", what: (settings) => `push 1 with ${shown(settings)} partitions against 1,000`, unit: "x", floor: { atLeast: 0.5 } },
    { name: "partitions-pop-ack", what: (settings) => `pop and ack 1 with ${shown(settings)} partitions against 1,000`, unit: "x", floor: { atLeast: 0.5 } },
    { name: "partitions-page", what: (settings) => `first page of 100 partitions, worst lag first, of ${shown(settings)}`, unit: "ms", floor: { atMost: 200 } },
    { name: "partitions-browse", what: (settings) => `first page of 100 messages in ${shown(settings)} partitions`, unit: "ms", floor: { atMost: 50 } },
  ],
  async measure(bench) {
    const count = million(bench.settings);
    const [wide, narrow] = [await brokerWithBacklog(bench, count, "mixed", count), await brokerWithBacklog(bench, 1_000, "mixed")];
    return [
      await bench.ratio(pushSpread(wide, count), pushSpread(narrow, 1_000)),
      await bench.ratio(withoutFill(popAndAck(wide, "mixed")), popAndAck(narrow, "mixed")),
      await bench.slowest(() => wide.inspect.partitions(QUEUE, { limit: 100 })),
      await bench.slowest(() => wide.inspect.browse(QUEUE, { limit: 100 })),
    ];
  },
};

export const scaleScenarios: readonly Scenario[] = [groups(1), groups(100), backlog("none", "no key"), backlog("batch", "1,000 partitions"), partitions];
