import assert from "node:assert/strict";
import type { WorkerState } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, nth, only, refused, texts, wrong } from "./harness.ts";

export function workers(factory: BrokerFactory): void {
  conformance(factory, "Workers", (rig) => {
    const state = (queue: string, more: Partial<WorkerState> = {}): WorkerState => ({
      id: rig.name("worker"), name: "mailer", queues: [queue], group: "default", host: "here", pid: 4242, startedAt: rig.now(), concurrency: 2,
      status: "idle", current: [], processed: 0, failed: 0, interval: 5000, ...more,
    });
    const listed = async (id: string): Promise<unknown> => (await rig.broker.workers.list()).find((w) => w.id === id);

    rig.it("a heartbeat adds a worker and refreshes it", async () => {
      const q = await rig.queue();
      const worker = state(q);
      await rig.broker.workers.heartbeat(worker);
      const { lastHeartbeatAt, live, ...shown } = nth((await rig.broker.workers.list()).filter((w) => w.id === worker.id), 0);
      assert.deepEqual(shown, worker);
      assert.equal(live, true);
      assert.ok(lastHeartbeatAt <= rig.now());
      await rig.broker.workers.heartbeat({ ...worker, status: "busy", current: ["m1-1"], processed: 7, failed: 1 });
      const again = only((await rig.broker.workers.list()).filter((w) => w.id === worker.id));
      assert.deepEqual([again.status, again.current, again.processed, again.failed], ["busy", ["m1-1"], 7, 1]);
    });

    rig.it("a worker is live for 3 intervals after its last heartbeat, and shown for an hour", async () => {
      const q = await rig.queue();
      const worker = state(q, { interval: 1000 });
      await rig.broker.workers.heartbeat(worker);
      const live = async (): Promise<boolean | undefined> => (await rig.broker.workers.list()).find((w) => w.id === worker.id)?.live;
      await rig.advance(2000);
      assert.equal(await live(), true);
      await rig.advance(1500);
      assert.equal(await live(), false);
      const other = state(q);
      await rig.broker.workers.heartbeat(other);
      const order = (await rig.broker.workers.list()).map((w) => w.live);
      assert.deepEqual(order, [...order].sort((a, b) => Number(b) - Number(a)), "live ones first");
      await rig.advance(3_600_001);
      assert.equal(await listed(worker.id), undefined);
    });

    rig.it("a worker that signs off is gone at once", async () => {
      const worker = state(await rig.queue());
      await rig.broker.workers.heartbeat(worker);
      await rig.broker.workers.remove(worker.id);
      assert.equal(await listed(worker.id), undefined);
      await rig.broker.workers.remove(worker.id);
    });

    rig.it("live workers stand in the info of their group", async () => {
      const q = await rig.queue();
      await rig.pop(q, { group: "g" });
      const worker = state(q, { group: "g", interval: 1000 });
      await rig.broker.workers.heartbeat(worker);
      assert.deepEqual(only(await rig.broker.inspect.groups(q)).workers, [worker.id]);
      await rig.advance(3500);
      assert.deepEqual(only(await rig.broker.inspect.groups(q)).workers, []);
    });

    rig.it("renewLeases renews all of a worker, and no other's", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2", { data: "k", partition: "a" }, "theirs"]);
      const worker = rig.name("w");
      const mine = [];
      for (let i = 0; i < 3; i += 1) mine.push(await rig.popOne(q, { worker, lease: 1000 }));
      const theirs = await rig.popOne(q, { worker: "another", lease: 1000 });
      assert.equal(await rig.broker.workers.renewLeases(worker, 60_000), 3);
      await rig.expire([theirs]);
      await rig.assertStale(theirs);
      await rig.ack(...mine);
      assert.equal(await rig.broker.workers.renewLeases(worker), 0);
    });

    rig.it("releaseLeases gives all of a worker back, uncharged", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2", { data: "k1", partition: "a" }, { data: "k2", partition: "a" }]);
      const worker = rig.name("w");
      const held = [...(await rig.pop(q, { worker, batch: 2 })), ...(await rig.pop(q, { worker, batch: 2, partition: "a" })), ...(await rig.pop(q, { worker, batch: 2 }))];
      assert.equal(held.length, 4);
      assert.equal(await rig.broker.workers.releaseLeases(worker), 4);
      for (const delivery of held) await rig.assertStale(delivery);
      const again = await rig.drain(q);
      assert.deepEqual(texts(again).sort(), ["1", "2", "k1", "k2"]);
      assert.deepEqual(again.map((d) => d.attempt), [1, 1, 1, 1]);
      assert.deepEqual(texts(again.filter((d) => d.partition === "a")), ["k1", "k2"]);
      assert.equal(await rig.broker.workers.releaseLeases(worker), 0);
    });

    rig.it("refuses wrong input", async () => {
      const q = await rig.queue();
      for (const bad of [{ id: "" }, { interval: 0 }, { interval: Number.NaN }, { status: "gone" }, { queues: "q" }, { concurrency: -1 }]) {
        await refused(rig.broker.workers.heartbeat(wrong({ ...state(q), ...bad })), "invalid-input");
      }
      await refused(rig.broker.workers.renewLeases("w", -1), "invalid-input", "lease");
    });
  });
}
