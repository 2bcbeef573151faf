import type { Broker, PushItem } from "../src/core/index.ts";
import { natsSkip } from "../test/support/nats-server.ts";
import { type Bench, type Scenario, scenario, type Side } from "./harness.ts";
import { perKeyDispatch, pullAndAck, rawPublish, rawStream, windowedPublish } from "./jetstream-raw.ts";
import { natsBroker, newServer, rawConnection } from "./jetstream-server.ts";
import { acked, batches, BODY, fill, QUEUE } from "./ours.ts";

const BATCH = 100;
const CALLS = 10;
/** Messages of one run. Of a consumer's, far more than ours has read ahead before it begins. */
const RUN = 20_000;
const KEYS = 1_000;
const PAYLOAD = { encoding: "json", bytes: BODY } as const;

/** Ten calls in flight, each of 100. */
function pushingTogether(broker: Broker, next: () => readonly PushItem[]): Side {
  return {
    async run() {
      await together(RUN / BATCH / CALLS, async () => { await broker.messages.push(QUEUE, next()); });
      return RUN;
    },
  };
}

/** Ten workers that pop 100, and ack them. */
function takingTogether(broker: Broker, prepare: () => Promise<void>): Side {
  return {
    prepare,
    async run() {
      let left = RUN;
      const worker = async (): Promise<void> => {
        while (left > 0) {
          // Nobody asks for what others have asked for already.
          const batch = Math.min(BATCH, left);
          left -= batch;
          const deliveries = await broker.messages.pop(QUEUE, { batch, wait: 1_000 });
          if (deliveries.length === 0) throw new Error("The consumer ran out of messages.");
          left += batch - deliveries.length;
          const settled = await broker.messages.settle(deliveries.map(acked));
          for (const result of settled) if (!result.ok) throw result.error;
        }
      };
      await Promise.all(Array.from({ length: CALLS }, worker));
      return RUN;
    },
  };
}

async function together(rounds: number, call: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: CALLS }, async () => { for (let round = 0; round < rounds; round++) await call(); }));
}

/** Ours and the bare client on one server, each with a connection of its own. */
function against(row: Scenario["rows"][number], sides: (bench: Bench, broker: Broker, nc: Awaited<ReturnType<typeof rawConnection>>) => Promise<[Side, Side]>): Scenario {
  return scenario(row, async (bench) => {
    const url = await newServer(bench);
    const nc = await rawConnection(bench, url);
    await rawStream(nc);
    const [ours, base] = await sides(bench, await natsBroker(bench, url), nc);
    return bench.ratio(ours, base);
  });
}

const pushes: readonly Scenario[] = [
  against(
    { name: "nats-push-raw", what: "push 100, ten calls in flight, against raw publishes on one wildcard inbox; same headers", unit: "x", floor: { atLeast: 0.9 } },
    (_, broker, nc) => Promise.resolve([pushingTogether(broker, batches(BATCH, "none")), rawPublish(nc, RUN)]),
  ),
  against(
    { name: "nats-push-js", what: "the same against js.publish with 500 under way", unit: "x", floor: { atLeast: 2.5 } },
    (_, broker, nc) => Promise.resolve([pushingTogether(broker, batches(BATCH, "none")), windowedPublish(nc, RUN)]),
  ),
];

const takes: readonly Scenario[] = [
  against(
    { name: "nats-pop-ack", what: "pop and ack 100, ten workers, no key, against raw pull and double ack", unit: "x", floor: { atLeast: 1 } },
    async (_, broker, nc) => [takingTogether(broker, () => fill(broker, RUN, "none")), await pullAndAck(nc, RUN)],
  ),
  against(
    { name: "nats-pop-ack-keys", what: "the same with 1,000 partitions against per-key dispatch in one owner with double ack", unit: "x", floor: { atLeast: 0.9 } },
    async (_, broker, nc) => [takingTogether(broker, () => fill(broker, RUN, "mixed", KEYS)), await perKeyDispatch(nc, RUN, KEYS)],
  ),
];

/** Pushes to partitions all over the queue, not to the same few again and again. */
function spread(partitions: number, size = BATCH): () => PushItem[] {
  let n = 0;
  const key = (): string => `customer-${(n = (n + 7_919) % partitions)}`;
  return () => Array.from({ length: size }, () => ({ payload: PAYLOAD, partition: key() }));
}

function takingSpread(broker: Broker, partitions: number): Side {
  const next = spread(partitions, 1_000);
  return takingTogether(broker, async () => {
    for (let pushed = 0; pushed < RUN; pushed += 1_000) await broker.messages.push(QUEUE, next());
  });
}

async function wideBroker(bench: Bench, partitions: number): Promise<Broker> {
  const broker = await natsBroker(bench, await newServer(bench));
  await fill(broker, partitions, "mixed", partitions);
  return broker;
}

/** One queue of a million partitions, which takes a while to make, for all rows that look at it. */
const wide: Scenario = {
  rows: [
    { name: "nats-partitions-page", what: "first page of 100 partitions of 1,000,000", unit: "ms", floor: { atMost: 500 } },
    { name: "nats-browse", what: "first page of 100 messages in 1,000,000 partitions", unit: "ms", floor: { atMost: 100 } },
    { name: "nats-partitions-push", what: "push 100, ten calls, with 1,000,000 partitions against 1,000", unit: "x", floor: { atLeast: 0.7 } },
    { name: "nats-partitions-pop", what: "pop and ack 100, ten workers, with 1,000,000 partitions against 1,000", unit: "x", floor: { atLeast: 0.7 } },
  ],
  async measure(bench) {
    const count = 1_000_000 * bench.settings.scale;
    const [many, few] = [await wideBroker(bench, count), await wideBroker(bench, KEYS)];
    const measured = [
      await bench.slowest(() => many.inspect.partitions(QUEUE, { limit: 100 })),
      await bench.slowest(() => many.inspect.browse(QUEUE, { limit: 100 })),
      await bench.ratio(pushingTogether(many, spread(count)), pushingTogether(few, spread(KEYS))),
      await bench.ratio(takingSpread(many, count), takingSpread(few, KEYS)),
    ];
    return measured.map((one) => (bench.settings.scale === 1 ? one : { ...one, note: `with ${count.toLocaleString("en")}; ${one.note ?? ""}` }));
  },
};

/** How often an idle connection asks: counted by a tap on JetStream's requests. */
const idle: Scenario = scenario(
  { name: "nats-idle", what: "requests of one kind a minute, of a connection that watches and of a pop that waits: the most", unit: "/min", floor: { atMost: 6 } },
  async (bench) => {
    const url = await newServer(bench);
    const broker = await natsBroker(bench, url);
    const watch = broker.watch(() => undefined);
    bench.after(() => { watch.close(); });
    const stop = new AbortController();
    const ms = bench.settings.scale === 1 ? 120_000 : 30_000;
    const waiting = broker.messages.pop(QUEUE, { wait: ms * 2, signal: stop.signal });
    const tap = await rawConnection(bench, url);
    const counts = new Map<string, number>();
    // What the start of the wait asks isn't idleness.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    tap.subscribe("$JS.API.>", { callback: (_, { subject }) => { counts.set(kind(subject), (counts.get(kind(subject)) ?? 0) + 1); } });
    await tap.flush();
    await new Promise((resolve) => setTimeout(resolve, ms));
    stop.abort();
    await waiting;
    const most = Math.max(0, ...counts.values());
    const all = [...counts.values()].reduce((sum, n) => sum + n, 0);
    return { value: (most * 60_000) / ms, note: `${all} of ${counts.size} kinds in ${ms / 1_000} s` };
  },
);

/** What is asked, and of which stream. */
function kind(subject: string): string {
  return subject.split(".").slice(0, 6).join(".");
}

function all(): readonly Scenario[] {
  const missing = natsSkip();
  if (missing === false) return [...pushes, ...takes, wide, idle];
  process.stderr.write(`The JetStream rows are left out: ${missing}.\n`);
  return [];
}

export const jetstreamScenarios = all();
