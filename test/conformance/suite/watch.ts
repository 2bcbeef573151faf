import assert from "node:assert/strict";
import { type Broker, textPayload } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, eventually, only, receipt, texts } from "./harness.ts";

export function watch(factory: BrokerFactory): void {
  conformance(factory, "15. Watch", (rig) => {
    /** Resolves when a watcher of `broker` is called after `change`. */
    const noticed = async (broker: Broker, change: () => Promise<unknown>): Promise<void> => {
      let calls = 0;
      const watching = broker.watch(() => { calls += 1; });
      try {
        await quiet(() => calls);
        const before = calls;
        await change();
        await eventually(() => { assert.ok(calls > before, "the watcher was called"); });
      } finally {
        watching.close();
      }
    };

    rig.it("a change of any kind reaches every other handle", async () => {
      const q = await rig.queue({ retryDelay: 0 });
      const other = await rig.another();
      await noticed(other, () => rig.push(q, ["1", "2", "3"]));
      await noticed(other, () => rig.pop(q, { batch: 3 }).then(async ([a, b]) => { assert.ok(a && b); await rig.nack(a); await rig.dead(b); }));
      await noticed(other, async () => { await rig.ack(await rig.popOne(q)); });
      await noticed(other, () => rig.broker.repair.redrive(q, { filter: {} }));
      await noticed(other, () => rig.broker.queues.pause(q));
      await noticed(other, () => rig.broker.queues.configure(q, { retryLimit: 1 }));
      await noticed(other, () => rig.broker.workers.heartbeat({ id: rig.name("w"), name: "w", queues: [q], group: "default", host: "h", pid: 1, startedAt: rig.now(), concurrency: 1, status: "idle", current: [], processed: 0, failed: 0, interval: 5000 }));
      await noticed(other, () => rig.broker.queues.delete(q));
    });

    rig.it("a handle's own changes reach it too", async () => {
      const q = await rig.queue();
      await noticed(rig.broker, () => rig.push(q, ["m"]));
      await rig.dead(await rig.popOne(q));
      await noticed(rig.broker, () => rig.broker.repair.discard(q, {}));
    });

    rig.it("a change in another process reaches this one, and the other way round", async () => {
      const q = await rig.queue();
      const elsewhere = await rig.elsewhere();
      await noticed(rig.broker, () => elsewhere.call("messages", "push", q, [{ payload: textPayload("from elsewhere") }]));
      const got = only(await rig.pop(q, { wait: 30_000 }));
      const waiting = elsewhere.call("messages", "pop", q, { wait: 30_000, partition: "a" });
      await rig.push(q, ["from here"], { partition: "a" });
      const there = only(await waiting);
      assert.deepEqual(texts([got, there]), ["from elsewhere", "from here"]);
      await rig.settled({ action: "ack", receipt: receipt(there) });
    });

    rig.it("a read-only handle hears of changes", async () => {
      const q = await rig.queue();
      const reader = await rig.another({ readOnly: true });
      await noticed(reader, () => rig.push(q, ["m"]));
      assert.equal((await reader.queues.get(q)).counts.ready, 1);
    });

    rig.it("a closed watch is called no more", async () => {
      const q = await rig.queue();
      let closedCalls = 0;
      let openCalls = 0;
      const closed = rig.broker.watch(() => { closedCalls += 1; });
      const open = rig.broker.watch(() => { openCalls += 1; });
      closed.close();
      closed.close();
      await rig.push(q, ["m"]);
      await eventually(() => { assert.ok(openCalls > 0); });
      assert.equal(closedCalls, 0);
      open.close();
    });
  });
}

/** Until nothing was heard for a few turns: what happened before is merged and over. */
async function quiet(calls: () => number): Promise<void> {
  let last = -1;
  while (last !== calls()) {
    last = calls();
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}
