import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect } from "@nats-io/transport-node";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { SHELVES, Subjects } from "../../src/brokers/jetstream/subjects.ts";
import { textPayload } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";

const COUNT = 55_000;

describe("more partitions than can be sorted", { skip: natsSkip("newest") }, () => {
  it("come with those first that the group is about to work on, then shelf by shelf; each is exact", async (t) => {
    const server = await startNatsServer({ version: "newest" });
    t.after(() => server.stop());
    await using broker = await openJetStream({ url: server.url });
    const { inspect, messages, queues } = broker;
    await queues.create("q");
    await fill(server.url, "q");
    await messages.push("q", [{ payload: textPayload("second"), partition: "p3" }]);
    const [first] = await messages.pop("q");
    assert.equal(first?.partition, "p0");

    const worst = await inspect.partitions("q", { limit: 2, group: "other" });
    assert.deepEqual(worst.items.map(({ name, lag }) => [name, lag]), [["p0", 1], ["p1", 1]]);
    const own = await inspect.partitions("q", { limit: 1000 });
    assert.deepEqual(own.items.filter(({ leased }) => leased).map(({ name }) => name), ["p0"]);
    const [third] = (await inspect.partitions("q", { match: "p3", limit: 1 })).items;
    assert.deepEqual([third?.name, third?.lag, third?.messages], ["p3", 2, 2]);

    let after: string | null = "#62:";
    const seen = new Set<string>();
    while (after !== null) {
      const page = await inspect.partitions("q", { sort: "name", limit: 1000, after });
      for (const { name } of page.items) assert.ok(!seen.has(name), `${name} comes once`);
      for (const { name } of page.items) seen.add(name);
      after = page.next;
    }
    assert.ok(seen.size > COUNT / SHELVES && seen.size < (4 * COUNT) / SHELVES, `two of ${SHELVES} shelves hold ${seen.size}`);
    assert.equal((await inspect.stats("q")).messages, COUNT + 1);
    assert.equal((await queues.get("q")).counts.ready, COUNT);
  });
});

/** One message a partition; by the raw client, since how they are pushed isn't what is tested. */
async function fill(url: string, queue: string): Promise<void> {
  const subjects = new Subjects(queue);
  const nc = await connect({ servers: url });
  for (let i = 0; i < COUNT - 1; i++) {
    nc.publish(subjects.message({ partition: `p${i}` }), "first");
    if (i % 5_000 === 0) await nc.flush();
  }
  // An answer to the last one says that all before it are stored.
  await nc.request(subjects.message({ partition: `p${COUNT - 1}` }), "first", { timeout: 30_000 });
  await nc.drain();
}
