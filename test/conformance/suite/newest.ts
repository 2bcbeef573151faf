import assert from "node:assert/strict";
import { MESSAGE_STATES } from "../../../src/core/index.ts";
import type { BrowseRequest } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, ids, nth, numbered, pages, refused, texts, wrong } from "./harness.ts";

export function newest(factory: BrokerFactory): void {
  conformance(factory, "12. The newest first", (rig) => {
    const browse = (q: string, request: BrowseRequest): Promise<string[]> => pages((after) => rig.broker.inspect.browse(q, { ...request, after })).then(texts);

    /** Both ways, in pages of several sizes. */
    async function assertReversed(q: string, request: BrowseRequest = {}): Promise<string[]> {
      const expected = (await browse(q, request)).reverse();
      for (const limit of [1, 7, 1000]) assert.deepEqual(await browse(q, { ...request, limit, order: "newest" }), expected, JSON.stringify({ ...request, limit }));
      return expected;
    }

    rig.it("is exactly the reverse order: the scheduled ones first, the latest due before the others", async () => {
      const q = await rig.queue();
      await rig.push(q, ["later-2", "later-3"], { deliverAt: rig.now() + 120_000 });
      await rig.push(q, ["later-1"], { deliverAt: rig.now() + 60_000 });
      await rig.push(q, numbered(25).map((data, i) => (i % 3 === 0 ? { data, partition: `p${i % 2}` } : data)));
      await rig.drain(q, { batch: 4, partition: "p0" });
      assert.deepEqual(await assertReversed(q), ["later-3", "later-2", "later-1", ...numbered(25).reverse()]);
      assert.deepEqual(await browse(q, { order: "oldest" }), await browse(q, {}));
    });

    rig.it("with every filter", async () => {
      const q = await rig.queue({ retryDelay: "1h" });
      await rig.push(q, numbered(12, "early-"));
      await rig.push(q, numbered(6, "key-"), { partition: "k" });
      const from = rig.now() + 10;
      await rig.advance(20);
      await rig.push(q, numbered(6, "key-late-"), { partition: "k" });
      await rig.push(q, numbered(6, "late-"));
      await rig.push(q, ["due-1", "due-2"], { deliverAt: rig.now() + 1_000 });
      await rig.push(q, ["future-1", "future-2"], { deliverAt: rig.now() + 3_600_000 });
      await rig.ack(...(await rig.pop(q, { batch: 3 })));
      for (const one of await rig.pop(q, { batch: 2 })) await rig.nack(one);
      for (const one of await rig.pop(q, { batch: 2 })) await rig.dead(one);
      await rig.pop(q, { batch: 2 });
      await rig.ack(...(await rig.pop(q, { batch: 2, partition: "k" })));
      await rig.pop(q, { batch: 2, partition: "k" });
      await rig.advance(1_001);
      for (const state of MESSAGE_STATES) assert.notDeepEqual(await assertReversed(q, { state }), [], state);
      await assertReversed(q, { group: "other", state: "ready" });
      for (const request of [{ partition: "k" }, { partition: "k", state: "ready" }, { match: "LATE" }, { match: "1" }, { from }, { to: from }, { from, partition: "k" }, { to: from, state: "ready" }] as const) {
        assert.notDeepEqual(await assertReversed(q, request), [], JSON.stringify(request));
      }
      assert.deepEqual(await browse(q, { order: "newest", partition: "nowhere" }), []);
      assert.deepEqual(await browse(q, { order: "newest", match: "100%_" }), []);
    });

    rig.it("leaves out what hasn't entered yet, when asked to", async () => {
      const q = await rig.queue();
      await rig.push(q, ["due", "later"], { deliverAt: rig.now() + 60_000 });
      await rig.push(q, numbered(5));
      await rig.advance(30_000);
      assert.deepEqual(await browse(q, { scheduled: false, limit: 2 }), numbered(5));
      assert.deepEqual(await browse(q, { scheduled: false, limit: 2, order: "newest" }), numbered(5).reverse());
      assert.deepEqual(await browse(q, { scheduled: false, state: "ready" }), numbered(5));
      assert.deepEqual(await browse(q, { scheduled: true, limit: 3 }), [...numbered(5), "due", "later"]);
      await refused(rig.broker.inspect.browse(q, { scheduled: wrong("no") }), "invalid-input", "scheduled");
    });

    rig.it("goes on to older ones behind any message that people see", async () => {
      const q = await rig.queue();
      const all = ids(await rig.push(q, numbered(5)));
      const [soon, late] = ids([...(await rig.push(q, ["soon"], { deliverAt: rig.now() + 60_000 })), ...(await rig.push(q, ["late"], { deliverAt: rig.now() + 90_000 }))]);
      assert.ok(soon && late);
      const behind = (after: string): Promise<string[]> => pages((next) => rig.broker.inspect.browse(q, { order: "newest", after: next ?? after })).then(texts);
      assert.deepEqual(await behind(nth(all, 3)), ["2", "1", "0"]);
      assert.deepEqual(await behind(late), ["soon", "4", "3", "2", "1", "0"]);
      assert.deepEqual(await behind(nth(all, 0)), []);
      await refused(rig.broker.inspect.browse(q, { order: "newest", after: "garbled" }), "invalid-input", "after");
      await refused(rig.broker.inspect.browse(q, { order: wrong("latest") }), "invalid-input", "order");
    });

    rig.it("a page's continuation survives removals and pushes in between", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(10));
      const first = await rig.broker.inspect.browse(q, { limit: 4, order: "newest" });
      assert.deepEqual(texts(first.items), ["9", "8", "7", "6"]);
      await rig.broker.repair.remove(ids(first.items));
      await rig.push(q, ["10"]);
      assert.ok(first.next !== null);
      assert.deepEqual(texts((await rig.broker.inspect.browse(q, { after: first.next, order: "newest" })).items), numbered(6).reverse());
      assert.deepEqual(texts((await rig.broker.inspect.browse(q, { limit: 1, order: "newest" })).items), ["10"]);
    });

    rig.it("passes over whatever was removed, however much of it there is", async () => {
      const q = await rig.queue();
      await rig.push(q, ["first"]);
      const gone: string[] = [];
      for (let at = 0; at < 3; at++) gone.push(...ids(await rig.push(q, numbered(100), { partition: "gone" })));
      await rig.push(q, [{ data: "second", partition: "kept" }]);
      gone.push(...ids(await rig.push(q, numbered(100))));
      assert.ok((await rig.broker.repair.remove(gone)).every(({ removed }) => removed));
      assert.deepEqual(await assertReversed(q), ["second", "first"]);
      assert.deepEqual(await assertReversed(q, { partition: "kept" }), ["second"]);
    });

    rig.it("finds the rare messages of a partition among many of others", async () => {
      const q = await rig.queue();
      for (let at = 0; at < 4; at++) {
        await rig.push(q, numbered(at * 3 + 1, `rare-${at}-`), { partition: "rare" });
        await rig.push(q, numbered(900));
      }
      assert.equal((await assertReversed(q, { partition: "rare" })).length, 22);
      assert.deepEqual(texts((await rig.broker.inspect.browse(q, { partition: "rare", order: "newest", limit: 3 })).items), ["rare-3-9", "rare-3-8", "rare-3-7"]);
    });

    rig.it("reads at most 2000 messages a call, and says where to go on", async () => {
      const q = await rig.queue();
      await rig.push(q, ["needle"]);
      for (let at = 0; at < 3; at++) await rig.push(q, numbered(1500));
      const first = await rig.broker.inspect.browse(q, { match: "needle", order: "newest" });
      assert.deepEqual(first.items, []);
      assert.notEqual(first.next, null);
      assert.deepEqual(await browse(q, { match: "needle", order: "newest" }), ["needle"]);
    });

    rig.it("large messages make short pages, in order all the same", async () => {
      const q = await rig.queue();
      for (let i = 0; i < 12; i++) await rig.push(q, [`${i}`.padEnd(2_000_000, ".")]);
      const shown = await browse(q, { order: "newest", limit: 10 });
      assert.deepEqual(shown.map((text) => Number.parseInt(text, 10)), numbered(12).map(Number).reverse());
    });

    rig.it("more scheduled ones in one second than are sorted at once", async () => {
      const q = await rig.queue();
      const due = Math.ceil((rig.now() + 3_600_000) / 1000) * 1000;
      await rig.push(q, numbered(230), { deliverAt: due });
      await rig.push(q, ["last"], { deliverAt: due + 5_000 });
      assert.deepEqual((await assertReversed(q, { state: "scheduled" })).slice(0, 3), ["last", "229", "228"]);
    });
  });
}
