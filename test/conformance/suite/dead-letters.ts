import assert from "node:assert/strict";
import { type DeadLetter, type DeadLetterFilter, type QueueOptionsInput, payloadText, textPayload } from "../../../src/core/index.ts";
import { type BrokerFactory, type Data, conformance, ids, nth, numbered, only, pages, refused, texts, wrong } from "./harness.ts";

export function deadLetters(factory: BrokerFactory): void {
  conformance(factory, "6. Dead letters", (rig) => {

    /** A queue whose messages all died in `group`. */
    const died = async (data: readonly Data[], group = "default", options: QueueOptionsInput = {}): Promise<string> => {
      const q = await rig.queue(options);
      await rig.push(q, data);
      for (;;) {
        const got = await rig.pop(q, { group, batch: 100 });
        if (got.length === 0) return q;
        for (const d of got) await rig.dead(d, { message: `died: ${payloadText(d.payload)}`, stack: `Error: died\n    at ${payloadText(d.payload)}` });
      }
    };
    const letters = async (queue: string): Promise<readonly DeadLetter[]> => pages((after) => rig.broker.inspect.deadLetters(queue, { ...(after === undefined ? {} : { after }) }));

    rig.it("keep payload, headers, error, stack, attempts, group and times", async () => {
      const q = await rig.queue({ retryDelay: 0 });
      const before = rig.now();
      const id = await rig.pushOne(q, { data: "body", headers: { h: "1" }, partition: "p", transactionId: "tx" });
      const { createdAt } = await rig.popOne(q, { group: "g" }).then(async (d) => { await rig.nack(d); return d; });
      const { deadLetterId } = await rig.dead(await rig.popOne(q, { group: "g" }), { message: "boom", stack: "Error: boom\n    at x.ts:1" });
      assert.ok(deadLetterId !== null);
      const letter = await rig.broker.inspect.deadLetter(deadLetterId);
      const { payload, deadAt, ...rest } = letter;
      assert.equal(payloadText(payload), "body");
      assert.ok(deadAt >= before && deadAt <= rig.now());
      assert.deepEqual(rest, {
        id: deadLetterId, messageId: id, queue: q, group: "g", partition: "p", headers: { h: "1" }, transactionId: "tx", priority: 0,
        createdAt, reason: "rejected", attempts: 2, deliveryCount: 2, error: "boom", stack: "Error: boom\n    at x.ts:1", redriven: [],
      });
    });

    rig.it("a message that dies in two groups makes two", async () => {
      const q = await rig.queue();
      await rig.push(q, ["m"]);
      for (const group of ["x", "y"]) await rig.dead(await rig.popOne(q, { group }));
      const all = await letters(q);
      assert.deepEqual(all.map((l) => l.group).sort(), ["x", "y"]);
      assert.equal(new Set(ids(all)).size, 2);
      assert.equal(new Set(all.map((l) => l.messageId)).size, 1);
    });

    rig.it("survive the removal of their message", async () => {
      const q = await died(["m"]);
      const letter = only(await letters(q));
      await rig.broker.repair.remove([letter.messageId]);
      assert.equal(only(await letters(q)).id, letter.id);
      assert.equal(payloadText((await rig.broker.inspect.deadLetter(letter.id)).payload), "m");
    });

    rig.it("are filtered by id, group, text, time and whether they were redriven", async () => {
      const q = await died(["apple pie", { data: "banana", headers: { fruit: "Apple" } }, { data: "cherry", transactionId: "apple-tx" }]);
      await rig.advance(50);
      const later = rig.now();
      await rig.advance(50);
      await rig.push(q, ["durian"]);
      await rig.dead(only(await rig.pop(q, { group: "other", start: later })), { message: "APPLEs and pears" });
      const found = async (filter: object): Promise<string[]> => texts((await rig.broker.inspect.deadLetters(q, filter)).items).sort();
      const all = await letters(q);
      assert.deepEqual(await found({ match: "apple" }), ["apple pie", "banana", "cherry", "durian"]);
      assert.deepEqual(await found({ match: "apple", group: "default" }), ["apple pie", "banana", "cherry"]);
      assert.deepEqual(await found({ match: "pears" }), ["durian"]);
      assert.deepEqual(await found({ group: "other" }), ["durian"]);
      assert.deepEqual(await found({ from: later }), ["durian"]);
      assert.deepEqual(await found({ to: later }), ["apple pie", "banana", "cherry"]);
      assert.deepEqual(await found({ ids: [nth(all, 1).id] }), [payloadText(nth(all, 1).payload)]);
      assert.equal(await rig.broker.inspect.countDeadLetters(q, { match: "apple" }), 4);
      assert.equal(await rig.broker.inspect.countDeadLetters(q), 4);
      await rig.broker.repair.redrive(q, { filter: { ids: [nth(all, 0).id] } });
      assert.equal((await found({ redriven: true })).length, 1);
      assert.equal((await found({ redriven: false })).length, 3);
    });

    rig.it("are counted for each group, redriven or not", async () => {
      const q = await died(["1", "2", "3"]);
      await rig.dead(await rig.popOne(q, { group: "other" }), { message: "no" });
      const [first] = await letters(q);
      await rig.broker.repair.redrive(q, { filter: { ids: [first?.id ?? ""] } });
      const count = (filter: DeadLetterFilter): Promise<number> => rig.broker.inspect.countDeadLetters(q, filter);
      assert.deepEqual([await count({}), await count({ redriven: true }), await count({ redriven: false })], [4, 1, 3]);
      assert.deepEqual([await count({ group: "default", redriven: true }), await count({ group: "default", redriven: false })], [1, 2]);
      assert.deepEqual([await count({ group: "other", redriven: true }), await count({ group: "other", redriven: false })], [0, 1]);
      await rig.broker.repair.discard(q, { ids: [first?.id ?? ""] });
      assert.deepEqual([await count({}), await count({ redriven: true }), await count({ redriven: false })], [3, 0, 3]);
    });

    rig.it("say which queues they wait in, in pages, each queue once", async () => {
      const queues = [await died(["1", "2"]), await rig.queue(), await died(["1"]), await died(["1"]), await died(["1"])];
      const [two, empty, gone, redriven, one] = queues;
      assert.ok(two !== undefined && empty !== undefined && gone !== undefined && redriven !== undefined && one !== undefined);
      await rig.broker.repair.redrive(redriven, { filter: {} });
      const waiting = async (): Promise<Record<string, number>> => {
        const found = await pages((after) => rig.broker.inspect.deadQueues({ limit: 1, ...(after === undefined ? {} : { after }) }));
        const own = found.filter(({ queue }) => queues.includes(queue));
        assert.equal(new Set(own.map(({ queue }) => queue)).size, own.length);
        return Object.fromEntries(own.map((dead) => [dead.queue, dead.waiting]));
      };
      assert.deepEqual(await waiting(), { [two]: 2, [gone]: 1, [one]: 1 });
      await rig.broker.queues.delete(gone);
      await rig.broker.repair.discard(one, {});
      assert.deepEqual(await waiting(), { [two]: 2 });
      await refused(rig.broker.inspect.deadQueues({ limit: 0 }), "invalid-input");
      await refused(rig.broker.inspect.deadQueues({ after: {} as string }), "invalid-input");
    });

    rig.it("are listed in pages, each once", async () => {
      const q = await died(numbered(25));
      const all = await pages((after) => rig.broker.inspect.deadLetters(q, { limit: 10, ...(after === undefined ? {} : { after }) }));
      assert.deepEqual(texts(all).sort(), numbered(25).sort());
    });

    rig.it("redrive one goes to the tail of the queue, with nothing of the original lost", async () => {
      const q = await died([{ data: "m", headers: { h: "1" }, transactionId: "tx" }]);
      await rig.push(q, ["waiting"]);
      const letter = only(await letters(q));
      const result = only((await rig.broker.repair.redrive(q, { filter: { ids: [letter.id] } })).redriven);
      assert.deepEqual([result.deadLetterId, result.status], [letter.id, "redriven"]);
      const got = await rig.drain(q);
      assert.deepEqual(texts(got), ["waiting", "m"]);
      const again = nth(got, 1);
      assert.equal(again.id, result.messageId);
      assert.notEqual(again.id, letter.messageId);
      assert.deepEqual([again.headers, again.transactionId, again.attempt, again.partition], [{ h: "1" }, "tx", 1, null]);
      assert.deepEqual(again.redrivenFrom, { queue: q, deadLetterId: letter.id, messageId: letter.messageId });
    });

    rig.it("redrive keeps the partition and joins it at the tail", async () => {
      const q = await died([{ data: "m", partition: "a" }]);
      await rig.push(q, ["waiting"], { partition: "a" });
      await rig.broker.repair.redrive(q, { filter: {} });
      const got = await rig.drain(q, { partition: "a" });
      assert.deepEqual(texts(got), ["waiting", "m"]);
    });

    rig.it("redrive to another partition, or to none", async () => {
      const q = await died([{ data: "m", partition: "a" }]);
      await rig.broker.repair.redrive(q, { filter: {}, partition: "b" });
      assert.equal(only(await rig.drain(q)).partition, "b");
      await rig.broker.repair.redrive(q, { filter: {}, partition: null, again: true });
      assert.equal(only(await rig.drain(q)).partition, null);
    });

    rig.it("redrive keeps the priority", async () => {
      const q = await died([{ data: "m", priority: 7 }]);
      await rig.push(q, ["waiting"]);
      await rig.broker.repair.redrive(q, { filter: {} });
      const got = await rig.drain(q);
      assert.deepEqual(got.map((d) => d.priority), [7, 0]);
    });

    rig.it("redrive goes to another queue, for each of its groups", async () => {
      const q = await died(["m"], "g");
      const to = await rig.queue();
      await rig.broker.repair.redrive(q, { filter: {}, to });
      for (const group of ["default", "x"]) assert.deepEqual(texts(await rig.drain(to, { group })), ["m"]);
      assert.equal(only(nth(await letters(q), 0).redriven).queue, to);
    });

    rig.it("redrive with an edited payload and headers, leaving the dead letter as it was", async () => {
      const q = await died([{ data: "wrong", headers: { h: "old" } }]);
      const { id } = only(await letters(q));
      await rig.broker.repair.redrive(q, { filter: { ids: [id] }, payload: textPayload("right"), headers: { h: "new" } });
      const got = only(await rig.drain(q));
      assert.deepEqual([payloadText(got.payload), got.headers], ["right", { h: "new" }]);
      const letter = only(await letters(q));
      assert.deepEqual([payloadText(letter.payload), letter.headers], ["wrong", { h: "old" }]);
    });

    rig.it("refuses one edit for several dead letters", async () => {
      const q = await died(["1", "2"]);
      for (const filter of [{}, { ids: ids(await letters(q)) }]) await refused(rig.broker.repair.redrive(q, { filter, payload: textPayload("x") }), "invalid-input");
      assert.equal(await rig.broker.inspect.countDeadLetters(q, { redriven: true }), 0);
    });

    rig.it("redrive all that match", async () => {
      const q = await died(["bad apple", "bad pear", "bad apple tart"]);
      const { redriven } = await rig.broker.repair.redrive(q, { filter: { match: "apple" } });
      assert.equal(redriven.length, 2);
      assert.deepEqual(texts(await rig.drain(q)).sort(), ["bad apple", "bad apple tart"]);
    });

    rig.it("redrive many, `limit` a call, until none is left", async () => {
      const q = await died(numbered(25));
      let calls = 0;
      for (let more = true; more; calls += 1) {
        assert.ok(calls < 10, "it comes to an end");
        const result = await rig.broker.repair.redrive(q, { filter: { redriven: false }, limit: 10 });
        assert.ok(result.redriven.length <= 10);
        more = result.more;
      }
      assert.deepEqual(texts(await rig.drain(q)).sort(), numbered(25).sort());
    });

    rig.it("in the same queue it goes only to the group it died in", async () => {
      const q = await died(["m"], "g");
      await rig.drain(q, { group: "other" });
      await rig.broker.repair.redrive(q, { filter: {} });
      assert.deepEqual(await rig.drain(q, { group: "other" }), []);
      assert.deepEqual(texts(await rig.drain(q, { group: "born-later" })), ["m"], "a new group sees the original only");
      assert.deepEqual(texts(await rig.drain(q, { group: "g" })), ["m"]);
    });

    rig.it("in the same queue it goes to all groups when asked to", async () => {
      const q = await died(["m"], "g");
      await rig.drain(q, { group: "other" });
      await rig.broker.repair.redrive(q, { filter: {}, allGroups: true });
      assert.deepEqual(texts(await rig.drain(q, { group: "other" })), ["m"]);
      assert.deepEqual(texts(await rig.drain(q, { group: "g" })), ["m"]);
    });

    rig.it("stay, marked as redriven to what, until discarded", async () => {
      const q = await died(["m"]);
      const result = only((await rig.broker.repair.redrive(q, { filter: {} })).redriven);
      const letter = only(await letters(q));
      const link = only(letter.redriven);
      assert.deepEqual([link.queue, link.messageId], [q, result.messageId]);
      await rig.drain(q);
      const { discarded, more } = await rig.broker.repair.discard(q, { ids: [letter.id] });
      assert.deepEqual([discarded, more], [1, false]);
      assert.deepEqual(await letters(q), []);
      await refused(rig.broker.inspect.deadLetter(letter.id), "message-not-found");
    });

    rig.it("are redriven again only with `again`", async () => {
      const q = await died(["m"]);
      const first = only((await rig.broker.repair.redrive(q, { filter: {} })).redriven);
      const letter = only(await letters(q));
      const second = only((await rig.broker.repair.redrive(q, { filter: { ids: [letter.id] } })).redriven);
      assert.deepEqual([second.status, second.messageId], ["already-redriven", first.messageId]);
      assert.equal((await rig.drain(q)).length, 1);
      const third = only((await rig.broker.repair.redrive(q, { filter: { ids: [letter.id] }, again: true })).redriven);
      assert.equal(third.status, "redriven");
      assert.notEqual(third.messageId, first.messageId);
      assert.equal((await rig.drain(q)).length, 1);
      assert.deepEqual(only(await letters(q)).redriven.map((r) => r.messageId), [first.messageId, third.messageId]);
    });

    rig.it("are redriven once, however many redrive at the same time", async () => {
      const q = await died(numbered(10));
      const other = await rig.another();
      const results = await Promise.all([rig.broker, other, rig.broker, other].map((b) => b.repair.redrive(q, { filter: {} })));
      assert.equal(results.flatMap((r) => r.redriven).filter((r) => r.status === "redriven").length, 10);
      assert.deepEqual(texts(await rig.drain(q)).sort(), numbered(10).sort());
    });

    rig.it("can die and be redriven once more", async () => {
      const q = await died(["m"]);
      await rig.broker.repair.redrive(q, { filter: {} });
      await rig.dead(await rig.popOne(q), { message: "again" });
      const all = await letters(q);
      assert.deepEqual(all.map((l) => l.error).sort(), ["again", "died: m"]);
      assert.equal((await rig.broker.repair.redrive(q, { filter: { redriven: false } })).redriven.length, 1);
      assert.equal((await rig.drain(q)).length, 1);
    });

    rig.it("discard deletes what matches, `limit` a call", async () => {
      const q = await died([...numbered(12, "old "), ...numbered(3, "keep ")]);
      const first = await rig.broker.repair.discard(q, { match: "old", limit: 10 });
      assert.deepEqual(first, { discarded: 10, more: true });
      assert.equal((await rig.broker.repair.discard(q, { match: "old", limit: 10 })).discarded, 2);
      assert.deepEqual(texts(await letters(q)).sort(), numbered(3, "keep "));
    });

    rig.it("are counted", async () => {
      const q = await died(numbered(4));
      assert.equal((await rig.broker.queues.get(q)).counts.dead, 4);
      await rig.broker.repair.discard(q, { ids: [nth(await letters(q), 0).id] });
      assert.equal((await rig.broker.queues.get(q)).counts.dead, 3);
      assert.equal(await rig.broker.inspect.countDeadLetters(q, {}), 3);
    });

    rig.it("refuse unknown queues, ids and targets", async () => {
      const q = await died(["m"]);
      await refused(rig.broker.inspect.deadLetters("nowhere"), "queue-not-found");
      await refused(rig.broker.inspect.countDeadLetters("nowhere"), "queue-not-found");
      await refused(rig.broker.repair.redrive("nowhere", { filter: {} }), "queue-not-found");
      await refused(rig.broker.repair.discard("nowhere", {}), "queue-not-found");
      await refused(rig.broker.repair.redrive(q, { filter: {}, to: "nowhere" }), "queue-not-found");
      await refused(rig.broker.inspect.deadLetter("d999-999"), "message-not-found");
      await refused(rig.broker.inspect.deadLetter("garbled"), "message-not-found");
      await refused(rig.broker.repair.redrive(q, { filter: {}, limit: wrong("many") }), "invalid-input", "limit");
      await refused(rig.broker.repair.redrive(q, { filter: {}, partition: "a\u0000" }), "invalid-input", "partition");
      assert.equal(await rig.broker.inspect.countDeadLetters(q, { redriven: true }), 0);
    });
  });
}
