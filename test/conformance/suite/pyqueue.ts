import assert from "node:assert/strict";
import { jsonTextPayload, payloadText } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, ids, item, nth, numbered, only, receipt, refusal, refused, texts } from "./harness.ts";

/** PyQueue's methods on our port. Where ours differs on purpose, docs/semantics.md says so. */
export function pyqueue(factory: BrokerFactory): void {
  conformance(factory, "PyQueue", (rig) => {
    const body = (n: number | string): { payload: ReturnType<typeof jsonTextPayload> } => ({ payload: jsonTextPayload(JSON.stringify({ task: n })) });

    rig.it("add_message with an id: the second of an id is ignored, and named", async () => {
      const q = await rig.queue();
      const first = only(await rig.push(q, [body(1)], { transactionId: "notification-12345" }));
      const second = only(await rig.push(q, [body(2)], { transactionId: "notification-12345" }));
      assert.deepEqual([second.status, second.id], ["duplicate", first.id]);
      assert.deepEqual(texts(await rig.drain(q)), ['{"task":1}']);
    });

    rig.it("receive_messages: up to max_messages, the oldest first, each with a receipt", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(12).map(body));
      const got = await rig.pop(q, { batch: 10, lease: 30_000 });
      assert.deepEqual(texts(got), numbered(10).map((n) => JSON.stringify({ task: n })));
      assert.equal(new Set(got.map(receipt)).size, 10);
    });

    rig.it("visibility_timeout: invisible to others until it ends, then visible again", async () => {
      const q = await rig.queue();
      await rig.push(q, [body(1)]);
      const first = only(await rig.pop(q, { lease: 30_000 }));
      assert.deepEqual(await rig.pop(q), []);
      await rig.expire([first]);
      const again = only(await rig.popSoon(q));
      assert.equal(again.id, first.id);
      assert.equal(again.deliveryCount, 2, "receive_count");
      assert.notEqual(again.receipt, first.receipt);
    });

    rig.it("delete_message by receipt, once", async () => {
      const q = await rig.queue();
      await rig.push(q, [body(1)]);
      const got = only(await rig.pop(q));
      assert.deepEqual((await rig.settle({ action: "ack", receipt: receipt(got) })).map(refusal), ["applied"]);
      assert.deepEqual((await rig.settle({ action: "ack", receipt: receipt(got) })).map(refusal), ["lease-lost"]);
    });

    rig.it("delete_message (ours): a receipt whose timeout ended deletes nothing, received again or not", async () => {
      const q = await rig.queue();
      await rig.push(q, [body(1)]);
      const old = only(await rig.pop(q, { lease: 1000 }));
      await rig.expire([old]);
      await rig.assertStale(old);
      const now = only(await rig.popSoon(q));
      await rig.assertStale(old);
      await rig.ack(now);
    });

    rig.it("only_new: never received before", async () => {
      const q = await rig.queue();
      await rig.push(q, [body(1), body(2)]);
      await rig.expire([await rig.popOne(q, { lease: 1000 })]);
      const got = await rig.pop(q, { onlyNew: true, batch: 10 });
      assert.deepEqual(texts(got), ['{"task":2}']);
      assert.deepEqual(got.map((d) => d.deliveryCount), [1]);
    });

    rig.it("delete_after_receive: gone when received", async () => {
      const q = await rig.queue();
      await rig.push(q, [body(1), body(2)]);
      assert.equal((await rig.pop(q, { batch: 5, atMostOnce: true })).length, 2);
      await rig.advance(31_000);
      assert.deepEqual(await rig.pop(q), []);
    });

    rig.it("remove_message by id, also while it is invisible", async () => {
      const q = await rig.queue();
      const [one, two] = ids(await rig.push(q, [body(1), body(2)]));
      assert.ok(one && two);
      const held = await rig.popOne(q);
      assert.deepEqual(await rig.broker.repair.remove([one, two, "unknown"]), [{ id: one, removed: true }, { id: two, removed: true }, { id: "unknown", removed: false }]);
      await rig.assertStale(held);
    });

    rig.it("update_message: same id and place, new content; missing is message-not-found", async () => {
      const q = await rig.queue();
      const [one] = ids(await rig.push(q, [body(1), body(2)]));
      assert.ok(one);
      await rig.broker.repair.edit(one, body("updated"));
      assert.deepEqual(texts(await rig.drain(q)), ['{"task":"updated"}', '{"task":2}']);
      await refused(rig.broker.repair.edit("unknown", body(1)), "message-not-found");
    });

    rig.it("update_message (ours): refused while a consumer has the message; the time of entry stays", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, body(1));
      const { createdAt } = await rig.broker.inspect.read(id);
      const held = await rig.popOne(q);
      await refused(rig.broker.repair.edit(id, body(2)), "leased");
      await rig.release(held);
      await rig.advance(1000);
      const edited = await rig.broker.repair.edit(id, body(2));
      assert.equal(edited.createdAt, createdAt);
      assert.ok(edited.editedAt !== null && edited.editedAt > createdAt);
    });

    rig.it("get_messages and get_message see invisible messages, and change nothing", async () => {
      const q = await rig.queue();
      const all = ids(await rig.push(q, numbered(3).map(body)));
      await rig.pop(q);
      assert.deepEqual(ids((await rig.broker.inspect.browse(q)).items), all);
      assert.deepEqual(ids((await rig.broker.inspect.browse(q, { limit: 2 })).items), all.slice(0, 2));
      const message = await rig.broker.inspect.read(nth(all, 0));
      assert.deepEqual([message.state, message.deliveryCount, payloadText(message.payload)], ["leased", 1, '{"task":"0"}']);
      assert.equal((await rig.pop(q, { batch: 5 })).length, 2);
    });

    rig.it("has_message and check_existence", async () => {
      const q = await rig.queue();
      const [one, two] = ids(await rig.push(q, [body(1), body(2)]));
      assert.ok(one && two);
      assert.deepEqual((await rig.broker.inspect.exists(["msg-1", two, one, "msg-4"])).sort(), [one, two].sort());
    });

    rig.it("get_queue_info: counts of visible, invisible and never received, and receives in all", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(5).map(body));
      await rig.release(await rig.popOne(q));
      await rig.pop(q, { batch: 2 });
      const { counts, neverDelivered, totalDeliveries, fileSize } = await rig.broker.inspect.stats(q);
      assert.deepEqual([counts.ready, counts.leased, neverDelivered, totalDeliveries], [3, 2, 3, 3]);
      if (rig.broker.capabilities.broker === "local") assert.ok(fileSize !== null && fileSize > 0);
    });

    rig.it("clear_queue leaves nothing, invisible messages neither", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(5).map(body));
      await rig.pop(q, { batch: 2 });
      await rig.broker.repair.purge(q);
      await rig.broker.repair.purge(q, { state: "leased" });
      assert.deepEqual((await rig.broker.inspect.browse(q)).items, []);
    });

    rig.it("health_check", async () => {
      assert.equal((await rig.broker.inspect.health()).ok, true);
    });

    rig.it("many processes on one storage lose nothing and receive nothing twice (PyQueue's file has no lock)", async () => {
      const q = await rig.queue();
      const others = [await rig.elsewhere(), await rig.elsewhere()];
      await Promise.all(others.flatMap((other, o) => numbered(20).map((n) => other.call("messages", "push", q, [item(`${o}:${n}`)]))));
      const popped = await Promise.all(others.flatMap((other) => numbered(25).map(() => other.call("messages", "pop", q))));
      const seen = texts(popped.flat());
      assert.equal(seen.length, 40);
      assert.equal(new Set(seen).size, 40);
    });
  });
}
