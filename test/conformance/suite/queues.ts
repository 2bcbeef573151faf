import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { ERROR_CODES, QueuescopeError, instant, isoTime } from "../../../src/core/index.ts";
import { type BrokerFactory, type Rig, conformance, eventually, ids, numbered, only, pages, receipt, refused, texts, wrong } from "./harness.ts";

export function queues(factory: BrokerFactory): void {
  conformance(factory, "Queues", (rig) => {
    rig.it("create answers what it made, and refuses a name that exists", async () => {
      const name = rig.name();
      const before = rig.now();
      const made = await rig.broker.queues.create(name, { leaseTime: "1m" });
      assert.deepEqual([made.name, made.paused, made.options.leaseTime], [name, false, 60_000]);
      assert.ok(made.createdAt >= before && made.createdAt <= rig.now());
      assert.deepEqual(Object.values(made.counts), [0, 0, 0, 0, 0, 0]);
      await refused(rig.broker.queues.create(name, { leaseTime: "2m" }), "queue-exists");
      assert.equal((await rig.broker.queues.get(name)).options.leaseTime, 60_000);
    });

    rig.it("names differ by case", async () => {
      const name = rig.name("Case");
      await rig.broker.queues.create(name);
      await rig.broker.queues.create(name.toLowerCase());
    });

    rig.it("are listed in name order, in pages, by a part of the name in any case", async () => {
      const made = numbered(7, `${rig.name("Listed")}-`);
      for (const name of [...made].reverse()) await rig.broker.queues.create(name);
      const list = (request: object): Promise<string[]> => pages((after) => rig.broker.queues.list({ ...request, ...(after === undefined ? {} : { after }) })).then((all) => all.map((q) => q.name));
      assert.deepEqual(await list({ match: "lisTED-", limit: 3 }), made);
      assert.deepEqual(await list({ match: "%" }), []);
      assert.ok((await list({})).length >= 7);
    });

    rig.it("delete takes messages, dead letters, groups and traces along", async () => {
      const q = await rig.queue();
      const name = rig.name("trace");
      const [a, b, c] = ids(await rig.push(q, ["a", "b", "c"]));
      assert.ok(a && b && c);
      await rig.push(q, ["later"], { deliverAt: rig.now() + 1000 });
      await rig.broker.messages.trace([{ messageId: c, type: "info", names: [name] }]);
      const [one, two] = await rig.pop(q, { batch: 2, group: "g" });
      assert.ok(one && two);
      const { deadLetterId } = await rig.dead(one);
      await rig.broker.queues.delete(q);
      await refused(rig.broker.queues.get(q), "queue-not-found");
      await rig.assertStale(two);
      assert.deepEqual(await rig.broker.inspect.exists([a, b, c]), []);
      await refused(rig.broker.inspect.deadLetter(deadLetterId ?? ""), "message-not-found");
      assert.deepEqual((await rig.broker.inspect.traces({ name })).items, []);
    });

    rig.it("made anew under an old name starts from nothing", async () => {
      const q = await rig.queue({ leaseTime: 1 });
      const old = await rig.push(q, [{ data: "old", transactionId: "tx", partition: "a" }]);
      const held = await rig.popOne(q);
      await rig.broker.queues.delete(q);
      const fresh = only(await rig.push(q, [{ data: "new", transactionId: "tx", partition: "a" }]));
      assert.equal(fresh.status, "queued");
      assert.notEqual(fresh.id, only(old).id);
      await rig.assertStale(held);
      assert.deepEqual(texts(await rig.drain(q)), ["new"]);
      assert.equal((await rig.broker.queues.get(q)).options.leaseTime, 300_000);
    });

    rig.it("deleted while somebody waits ends the wait with queue-not-found", async () => {
      const q = await rig.queue();
      const waiting = refused(rig.pop(q, { wait: 60_000 }), "queue-not-found");
      await rig.broker.queues.delete(q);
      await waiting;
    });

    rig.it("a broker says truthfully what it is", () => {
      const { capabilities, url, readOnly } = rig.broker;
      assert.ok(["local", "jetstream", "http"].includes(capabilities.broker));
      assert.ok(capabilities.version.length > 0 && capabilities.maxPayload > 0 && url.length > 0);
      assert.equal(readOnly, false);
      assert.ok(capabilities.limits.every((sentence) => sentence.length > 10));
      return Promise.resolve();
    });

    rig.it("closing is idempotent, leaves leases, and ends waits; a closed handle is unavailable", async () => {
      const q = await rig.queue();
      await rig.push(q, ["m"]);
      const other = await rig.another();
      const held = only(await other.messages.pop(q));
      const waiting = other.messages.pop(q, { wait: 60_000 }).then((got) => got.length, (error: unknown) => (error as QueuescopeError).code);
      await other.close();
      await other.close();
      assert.ok([0, "unavailable"].includes(await waiting));
      await refused(other.queues.get(q), "unavailable");
      await refused(other.messages.pop(q), "unavailable");
      assert.deepEqual(await rig.pop(q), []);
      await rig.ack(held);
    });

    rig.it("closing ends a wait that has been quiet for long", async () => {
      const q = await rig.queue();
      const other = await rig.another();
      let ended = false;
      const waiting = other.messages.pop(q, { wait: 60_000 }).then(() => { ended = true; }, () => { ended = true; });
      await pause(50);
      await other.close();
      await eventually(() => { assert.ok(ended, "the wait has ended"); });
      await waiting;
    });

    rig.it("storage outlives every handle", async () => {
      const storage = await rig.ownStorage();
      const first = await storage.open();
      await first.messages.push("q", numbered(3).map((n) => ({ payload: { encoding: "text", bytes: Buffer.from(n) }, partition: "a" })));
      const held = only(await first.messages.pop("q"));
      await first.close();
      const second = await storage.open();
      assert.ok(only(await second.messages.settle([{ action: "ack", receipt: receipt(held) }])).ok);
      assert.deepEqual(texts(await second.messages.pop("q", { batch: 5 })), ["1", "2"]);
      await second.close();
    });
  });

  conformance(factory, "A read-only connection", (rig) => {
    rig.it("refuses every changing call, pop too", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "m");
      const reader = await rig.another({ readOnly: true });
      assert.equal(reader.readOnly, true);
      for (const [name, call] of Object.entries(changes(reader, q, id))) {
        await refused(call(), "read-only").catch((error: unknown) => { throw new Error(`${name} is refused as read-only`, { cause: error }); });
      }
      assert.deepEqual((await rig.drain(q)).map((d) => [...texts([d]), d.attempt, d.deliveryCount]), [["m", 1, 1]]);
    });

    rig.it("looks at everything", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "m", { partition: "a" });
      const reader = await rig.another({ readOnly: true });
      assert.equal((await reader.inspect.read(id)).state, "ready");
      assert.equal((await reader.inspect.peek(q)).length, 1);
      assert.equal((await reader.inspect.browse(q)).items.length, 1);
      assert.equal((await reader.inspect.partitions(q)).items.length, 1);
      assert.equal((await reader.inspect.stats(q)).counts.ready, 1);
      assert.equal((await reader.inspect.traces({ messageId: id })).items.length, 1);
      assert.equal((await reader.queues.get(q)).name, q);
      assert.equal((await reader.inspect.health()).ok, true);
      assert.ok(Array.isArray(await reader.workers.list()));
    });
  });

  conformance(factory, "16. Time, 17. Errors", (rig) => {
    rig.it("every time is UTC milliseconds of the broker's clock", async () => {
      const q = await rig.queue();
      const before = rig.now();
      const id = await rig.pushOne(q, "m");
      const message = await rig.broker.inspect.read(id);
      assert.ok(message.createdAt >= before && message.createdAt <= rig.now());
    });

    rig.it("a date without zone is UTC, whatever the machine's zone", async () => {
      assert.equal(isoTime(instant("2026-01-31T12:00:00", "at")), "2026-01-31T12:00:00.000Z");
      assert.equal(isoTime(instant("2026-01-31", "at")), "2026-01-31T00:00:00.000Z");
      assert.equal(isoTime(instant("2026-01-31T12:00:00+02:00", "at")), "2026-01-31T10:00:00.000Z");
      await refused(Promise.resolve().then(() => instant("tomorrow", "deliverAt")), "invalid-input", "deliverAt");
    });

    rig.it("errors are one class, with a code of the closed list and words for people", async () => {
      const failures = await Promise.allSettled([rig.pop("nowhere"), rig.pop(""), rig.broker.inspect.read("garbled"), rig.broker.queues.create("a\u0000")]);
      for (const failure of failures) {
        assert.equal(failure.status, "rejected");
        const error: unknown = failure.reason;
        assert.ok(error instanceof QueuescopeError);
        assert.ok(ERROR_CODES.includes(error.code));
        assert.match(error.message, /[a-z].*\.$/s, `a sentence: ${error.message}`);
        assert.doesNotMatch(error.message, /SQLITE|undefined|\[object/);
      }
    });

    rig.it("calls with too few or wrong arguments are refused, not crashed on", async () => {
      const { queues: q, messages, inspect, repair, workers } = rig.broker;
      const there = await rig.queue();
      for (const call of [
        () => q.create(wrong(undefined)), () => q.get(wrong(undefined)), () => q.create(rig.name(), wrong(null)), () => q.create(rig.name(), wrong("x")), () => q.configure(there, wrong(null)),
        () => messages.push(there, wrong(undefined)), () => messages.pop(there, wrong(null)), () => messages.pop(there, wrong("x")), () => messages.settle(wrong(undefined)),
        () => messages.renew(wrong("x")), () => messages.transact(wrong({})), () => messages.transact(wrong(null)), () => messages.trace(wrong(null)),
        () => inspect.exists(wrong(undefined)), () => inspect.browse(there, wrong(null)), () => repair.remove(wrong(undefined)), () => repair.redrive(there, wrong({})),
        () => workers.heartbeat(wrong({})), () => workers.heartbeat(wrong(null)),
      ]) await refused(Promise.resolve().then<unknown>(call), "invalid-input").catch((error: unknown) => { throw new Error(`${call.toString()} is refused`, { cause: error }); });
    });
  });
}

function changes(broker: Rig["broker"], q: string, id: string): Record<string, () => Promise<unknown>> {
  const { queues: queue, messages, repair, workers } = broker;
  const payload = { encoding: "text", bytes: Buffer.from("x") } as const;
  return {
    create: () => queue.create("new"), configure: () => queue.configure(q, { retryLimit: 1 }), delete: () => queue.delete(q), pause: () => queue.pause(q), resume: () => queue.resume(q),
    push: () => messages.push(q, [{ payload }]), pop: () => messages.pop(q), settle: () => messages.settle([{ action: "ack", receipt: "r" }]),
    settleAndPop: () => messages.settleAndPop([], q), renew: () => messages.renew(["r"]), transact: () => messages.transact({ settle: [], push: [{ queue: q, items: [{ payload }] }] }),
    trace: () => messages.trace([{ messageId: id, type: "info" }]), edit: () => repair.edit(id, { payload }), remove: () => repair.remove([id]), purge: () => repair.purge(q),
    redrive: () => repair.redrive(q, { filter: {} }), discard: () => repair.discard(q, {}), seek: () => repair.seek(q, "g", "all"), cancel: () => repair.cancel([id]),
    pauseGroup: () => repair.pauseGroup(q, "g"), resumeGroup: () => repair.resumeGroup(q, "g"), deleteGroup: () => repair.deleteGroup(q, "g"), hold: () => repair.hold(q, "g"),
    step: () => repair.step(q, "g", 1), letGo: () => repair.letGo(q, "g"), removeWorker: () => workers.remove("w"), renewLeases: () => workers.renewLeases("w"), releaseLeases: () => workers.releaseLeases("w"),
    heartbeat: () => workers.heartbeat({ id: "w", name: "w", queues: [q], group: "default", host: "h", pid: 1, startedAt: 1, concurrency: 1, status: "idle", current: [], processed: 0, failed: 0, interval: 5000 }),
  };
}
