import assert from "node:assert/strict";
import { type TraceEvent, isQueuescopeError } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, ids, nth, numbered, only, pages, refused, wrong } from "./harness.ts";

export function traces(factory: BrokerFactory): void {
  conformance(factory, "14. Traces", (rig) => {
    const timeline = (messageId: string): Promise<TraceEvent[]> => pages((after) => rig.broker.inspect.traces({ messageId, ...(after === undefined ? {} : { after }) }));
    const types = async (messageId: string): Promise<string[]> => (await timeline(messageId)).map((e) => e.type);
    const told = (event: TraceEvent | undefined): string => event?.data ?? "";

    rig.it("start with pushed, derived from the message", async () => {
      const q = await rig.queue({ trace: "off" });
      const id = await rig.pushOne(q, "m");
      const pushed = only(await timeline(id));
      const { createdAt } = await rig.broker.inspect.read(id);
      assert.deepEqual([pushed.type, pushed.messageId, pushed.queue, pushed.at], ["pushed", id, q, createdAt]);
    });

    rig.it("trace: all tells the whole life: leased by whom, settled with which error", async () => {
      const q = await rig.queue({ trace: "all", retryDelay: 0, retryLimit: 1 });
      const id = await rig.pushOne(q, "m");
      await rig.release(await rig.popOne(q, { group: "g", worker: "w-1" }));
      await rig.nack(await rig.popOne(q, { group: "g", worker: "w-2" }), { error: { message: "first failure" } });
      await rig.nack(await rig.popOne(q, { group: "g" }), { error: { message: "last failure" } });
      const events = await timeline(id);
      const seen = events.map((e) => e.type);
      assert.deepEqual(seen.filter((t) => t !== "nacked"), ["pushed", "leased", "released", "leased", "leased", "dead"]);
      assert.ok(seen.includes("nacked"));
      assert.deepEqual(events.filter((e) => e.type === "leased").map((e) => [e.worker, e.group, e.attempt]), [["w-1", "g", 1], ["w-2", "g", 1], [null, "g", 2]]);
      assert.match(told(events.find((e) => e.type === "nacked")), /first failure/);
      assert.match(told(events.find((e) => e.type === "dead")), /last failure/);
      assert.deepEqual(events.map((e) => e.at), events.map((e) => e.at).sort((a, b) => a - b), "oldest first");
      assert.equal(new Set(ids(events)).size, events.length);
    });

    rig.it("trace: all tells of acks, at-most-once deliveries and expiries", async () => {
      const q = await rig.queue({ trace: "all" });
      const [acked, once, expired] = ids(await rig.push(q, numbered(3)));
      assert.ok(acked && once && expired);
      await rig.ack(await rig.popOne(q));
      await rig.pop(q, { atMostOnce: true });
      await rig.expire([await rig.popOne(q, { lease: 1000 })]);
      await rig.popSoon(q);
      assert.ok((await types(acked)).includes("acked"));
      assert.ok((await types(once)).length > 1, "the delivery is told");
      assert.ok((await types(expired)).includes("expired"));
    });

    rig.it("trace: failures, the default, tells of failures only; off of none", async () => {
      for (const [trace, expected] of [["failures", ["pushed", "nacked"]], ["off", ["pushed"]]] as const) {
        const q = await rig.queue({ trace, retryDelay: 0 });
        const id = await rig.pushOne(q, "m");
        await rig.nack(await rig.popOne(q), { error: { message: "no" } });
        await rig.ack(await rig.popOne(q));
        assert.deepEqual(await types(id), expected);
      }
    });

    rig.it("trace: failures tells of leases that ran out, and of the end", async () => {
      const q = await rig.queue({ retryLimit: 1 });
      const id = await rig.pushOne(q, "m", { partition: "a" });
      await rig.expire([await rig.popOne(q, { lease: 1000 })]);
      await rig.expire(await rig.popSoon(q, { lease: 1000 }));
      assert.deepEqual(await rig.pop(q), []);
      const seen = await types(id);
      assert.deepEqual([seen.filter((t) => t === "expired").length > 0, seen.at(-1)], [true, "dead"], seen.join());
    });

    rig.it("tell of an edit", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "m");
      await rig.broker.repair.edit(id, { headers: { h: "1" } });
      assert.ok((await types(id)).includes("edited"));
    });

    rig.it("link a redrive both ways", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "m");
      await rig.dead(await rig.popOne(q), { message: "no" });
      const { messageId } = only((await rig.broker.repair.redrive(q, { filter: {} })).redriven);
      const from = (await timeline(id)).find((e) => e.type === "redriven");
      assert.ok(told(from).includes(messageId), "the original says what it became");
      const to = await timeline(messageId);
      assert.ok(to.some((e) => told(e).includes(id)), "the new one says what it was");
    });

    rig.it("keep what handlers record: type, data, one or many names", async () => {
      const q = await rig.queue();
      const [one, two] = ids(await rig.push(q, ["1", "2"]));
      assert.ok(one && two);
      const names = [rig.name("order"), rig.name("customer")];
      await rig.broker.messages.trace([
        { messageId: one, type: "processing", names, data: '{"step": 1}', group: "g", worker: "w", attempt: 2 },
        { messageId: two, type: "info", names: [nth(names, 0)] },
        { messageId: two, type: "note" },
      ]);
      const recorded = (await timeline(one)).find((e) => e.type === "processing");
      assert.ok(recorded);
      assert.deepEqual([...recorded.names].sort(), [...names].sort());
      assert.deepEqual([recorded.data, recorded.group, recorded.worker, recorded.attempt, recorded.queue], ['{"step": 1}', "g", "w", 2, q]);
      assert.deepEqual(await types(two), ["pushed", "info", "note"]);
      const byName = (await rig.broker.inspect.traces({ name: nth(names, 0) })).items;
      assert.deepEqual(byName.map((e) => [e.messageId, e.type]), [[one, "processing"], [two, "info"]]);
      assert.deepEqual((await rig.broker.inspect.traces({ name: nth(names, 1) })).items.map((e) => e.messageId), [one]);
    });

    rig.it("are found by name across queues, in pages", async () => {
      const [a, b] = [await rig.queue(), await rig.queue()];
      const name = rig.name("saga");
      const all = [...ids(await rig.push(a, numbered(3))), ...ids(await rig.push(b, numbered(3)))];
      for (const messageId of all) await rig.broker.messages.trace([{ messageId, type: "info", names: [name] }]);
      const found = await pages((after) => rig.broker.inspect.traces({ name, limit: 4, ...(after === undefined ? {} : { after }) }));
      assert.deepEqual(found.map((e) => e.messageId), all);
      assert.deepEqual(new Set(found.map((e) => e.queue)), new Set([a, b]));
    });

    rig.it("are found by text, in one queue or all", async () => {
      const [a, b] = [await rig.queue(), await rig.queue()];
      const [one, two] = [await rig.pushOne(a, "1"), await rig.pushOne(b, "2")];
      await rig.broker.messages.trace([{ messageId: one, type: "info", data: '{"text":"Needle in here"}' }, { messageId: two, type: "info", data: '"needle too"' }]);
      const found = async (queue?: string): Promise<string[]> => (await pages((after) => rig.broker.inspect.traces({ match: "nEEdle", ...(queue === undefined ? {} : { queue }), ...(after === undefined ? {} : { after }) }))).map((e) => e.messageId);
      assert.deepEqual((await found()).sort(), [one, two].sort());
      assert.deepEqual(await found(b), [two]);
    });

    rig.it("names are listed with their events, messages and last time", async () => {
      const q = await rig.queue();
      const [one, two] = ids(await rig.push(q, ["1", "2"]));
      assert.ok(one && two);
      const name = rig.name("Checkout");
      await rig.broker.messages.trace([{ messageId: one, type: "a", names: [name] }, { messageId: one, type: "b", names: [name] }, { messageId: two, type: "c", names: [name] }]);
      const listed = only((await rig.broker.inspect.traceNames({ match: name.toLowerCase() })).items.filter((n) => n.name === name));
      assert.deepEqual([listed.events, listed.messages], [3, 2]);
      assert.ok(listed.lastAt <= rig.now());
    });

    /** Of a message that is gone: nothing, or what tells of its end. */
    const left = (messageId: string): Promise<string[]> =>
      types(messageId).catch((error: unknown) => {
        assert.ok(isQueuescopeError(error, "message-not-found"));
        return [];
      });

    rig.it("live as long as their message, or its dead letter", async () => {
      const q = await rig.queue();
      const [plain, dead] = ids(await rig.push(q, ["1", "2"]));
      assert.ok(plain && dead);
      await rig.broker.messages.trace([{ messageId: plain, type: "info" }, { messageId: dead, type: "info" }]);
      const got = await rig.pop(q, { batch: 2 });
      await rig.dead(nth(got, 1));
      await rig.ack(nth(got, 0));
      await rig.broker.repair.remove([plain, dead]);
      assert.ok(!(await left(plain)).includes("info"));
      assert.ok((await left(dead)).includes("info"));
      await rig.broker.repair.discard(q, {});
      assert.ok(!(await left(dead)).includes("info"));
    });

    rig.it("of a scheduled message stay with it when it fires", async () => {
      const q = await rig.queue({ trace: "all" });
      const id = await rig.pushOne(q, "m", { deliverAt: rig.now() + 1000 });
      await rig.broker.messages.trace([{ messageId: id, type: "note" }]);
      await rig.advance(1001);
      await rig.ack(only(await rig.popSoon(q)));
      const seen = await types(id);
      for (const type of ["pushed", "note", "leased", "acked"]) assert.ok(seen.includes(type), `${type} is among ${seen.join()}`);
    });

    rig.it("traceparent headers are carried, through a redrive too", async () => {
      const q = await rig.queue();
      const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=b" };
      await rig.push(q, [{ data: "m", headers }]);
      await rig.dead(await rig.popOne(q));
      await rig.broker.repair.redrive(q, { filter: {} });
      assert.deepEqual((await rig.popOne(q)).headers, headers);
    });

    rig.it("refuse unknown messages and wrong input, storing none of the call", async () => {
      const q = await rig.queue();
      const messageId = await rig.pushOne(q, "m");
      const good = { messageId, type: "good" };
      await refused(rig.broker.messages.trace([good, { messageId: "m999-999", type: "x" }]), "message-not-found");
      for (const bad of [{ type: "" }, { type: "a\u0000" }, { names: [""] }, { names: ["a\nb"] }, { names: wrong<string[]>("x") }, { data: "{not json" }, { group: "" }]) {
        await refused(rig.broker.messages.trace([good, { messageId, type: "x", ...bad }]), "invalid-input");
      }
      assert.deepEqual(await types(messageId), ["pushed"]);
    });
  });
}
