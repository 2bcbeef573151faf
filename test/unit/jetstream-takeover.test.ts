import assert from "node:assert/strict";
import { it } from "node:test";
import { connect } from "@nats-io/transport-node";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { textPayload } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";

it("who takes over a group with a thousand waiting partitions reads some of them, not all, for a pop of one", { skip: natsSkip() }, async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const nc = await connect({ servers: server.url });
  t.after(() => nc.close());
  const [before, after] = [await openJetStream({ url: server.url }), await openJetStream({ url: server.url })];
  t.after(() => Promise.all([before.close(), after.close()]));
  const names = Array.from({ length: 1_000 }, (_, i) => `partition-${i}`);
  await before.messages.push("q", names.map((partition) => ({ payload: textPayload(partition), partition })));
  const held = await before.messages.pop("q", { batch: 1_000 });
  assert.equal(held.length, 1_000);
  await before.messages.settle(held.map(({ receipt }) => ({ action: "release", receipt: receipt ?? "" })));

  let reads = 0;
  for (const subject of ["$JS.API.STREAM.MSG.GET.QS_q", "$JS.API.CONSUMER.CREATE.QS_q.>"]) nc.subscribe(subject, { callback: () => { reads += 1; } });
  await nc.flush();
  const [first] = await after.messages.pop("q");
  assert.equal(first?.partition, "partition-0");
  await nc.flush();
  assert.ok(reads < 600, `${reads} reads`);
  const all: string[] = [first.partition];
  for (let more = await after.messages.pop("q", { batch: 300 }); more.length > 0; more = await after.messages.pop("q", { batch: 300 })) all.push(...more.map(({ partition }) => partition ?? ""));
  assert.deepEqual(all.sort(), names.sort(), "each comes all the same");
});
