import assert from "node:assert/strict";
import type { GroupStart, SeekPreview } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, numbered, refused, wrong } from "./harness.ts";

export function seekPreview(factory: BrokerFactory): void {
  conformance(factory, "12. A seek before it is done", (rig) => {
    const preview = (q: string, to: GroupStart, group = "default"): Promise<SeekPreview> => rig.broker.inspect.seekPreview(q, group, to);
    const exactly = (messages: number, again: number, skipped: number): SeekPreview => ({ messages, again, skipped, exact: true });

    /** Seeks, and tells what came: in all, and of those that the group had settled before. */
    async function sought(q: string, to: GroupStart, group = "default"): Promise<SeekPreview> {
      const settled = new Set<string>();
      const open = new Set<string>();
      for (let after: string | undefined, more = true; more; ) {
        const page = await rig.broker.inspect.browse(q, { group, limit: 1000, after });
        for (const { id, state } of page.items) if (state !== "scheduled") (state === "completed" || state === "dead" ? settled : open).add(id);
        after = page.next ?? undefined;
        more = page.next !== null;
      }
      await rig.broker.repair.seek(q, group, to);
      const got = (await rig.drain(q, { group })).map(({ id }) => id);
      return { messages: got.length, again: got.filter((id) => settled.has(id)).length, skipped: [...open].filter((id) => !got.includes(id)).length, exact: true };
    }

    rig.it("of a group that doesn't exist, and of an empty queue", async () => {
      const q = await rig.queue();
      for (const to of ["all", "new", rig.now()] as const) assert.deepEqual(await preview(q, to), exactly(0, 0, 0));
      await rig.push(q, numbered(3));
      await rig.advance(20);
      assert.deepEqual(await preview(q, "all", "g"), exactly(3, 0, 0));
      assert.deepEqual(await preview(q, "new", "g"), exactly(0, 0, 3));
      assert.deepEqual(await preview(q, rig.now(), "g"), exactly(0, 0, 3));
      assert.deepEqual(await rig.broker.inspect.groups(q), [], "looking makes no group");
    });

    rig.it("says what the seek then does, wherever the group stands, with and without partitions", async () => {
      for (const keyed of [false, true]) {
        const times: number[] = [];
        const make = async (): Promise<string> => {
          const q = await rig.queue({ retryDelay: "1h" });
          times.length = 0;
          for (let at = 0; at < 4; at++) {
            times.push(rig.now());
            await rig.push(q, numbered(6).map((data, i) => (keyed ? { data, partition: `p${i % 2}` } : { data })));
            await rig.advance(30);
          }
          times.push(rig.now() + 60_000);
          await rig.ack(...(await rig.pop(q, { batch: 7 })));
          for (const d of (await rig.pop(q, { batch: 2 })).slice(0, 1)) await rig.dead(d);
          for (const d of (await rig.pop(q, { batch: 2 })).slice(0, 1)) await rig.nack(d);
          await rig.pop(q, { batch: 2 });
          return q;
        };
        for (let i = 0; i < 7; i++) {
          const q = await make();
          const to = i === 0 ? "all" : i === 1 ? "new" : (times[i - 2] ?? 0);
          const before = await preview(q, to);
          assert.deepEqual(await preview(q, to), before, "it changes nothing");
          assert.deepEqual(before, await sought(q, to), `${keyed ? "keyed" : "unkeyed"}, ${String(i)}`);
        }
      }
    });

    rig.it("counts what is due as what comes, and what isn't due not at all", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"]);
      await rig.push(q, ["due"], { deliverAt: rig.now() + 1_000 });
      await rig.push(q, ["later"], { deliverAt: rig.now() + 60_000 });
      await rig.ack(await rig.popOne(q));
      await rig.advance(1_001);
      assert.deepEqual(await preview(q, "all"), exactly(2, 1, 0));
      assert.deepEqual(await preview(q, rig.now()), exactly(1, 0, 0));
      assert.deepEqual(await preview(q, "new"), exactly(0, 0, 1));
    });

    rig.it("leaves out what was redriven to another group alone", async () => {
      const q = await rig.queue();
      await rig.push(q, ["m"]);
      await rig.dead(await rig.popOne(q, { group: "g" }));
      await rig.broker.repair.redrive(q, { filter: {} });
      assert.deepEqual(await preview(q, "all"), exactly(1, 0, 0));
      assert.deepEqual(await preview(q, "all", "g"), exactly(2, 1, 0));
    });

    rig.it("what lies before the start of a group that was never moved isn't settled by it", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(3));
      await rig.pop(q, { group: "g", start: "new" });
      await rig.push(q, numbered(2));
      await rig.ack(await rig.popOne(q, { group: "g" }));
      assert.deepEqual(await preview(q, "all", "g"), exactly(5, 1, 0));
    });

    rig.it("of many messages too, most of which it need not look at", async () => {
      const q = await rig.queue();
      for (let at = 0; at < 3; at++) await rig.push(q, numbered(1000));
      await rig.advance(50);
      const at = rig.now();
      await rig.advance(50);
      await rig.push(q, numbered(500));
      assert.deepEqual(await preview(q, "all"), exactly(3500, 0, 0));
      assert.deepEqual(await preview(q, at), exactly(500, 0, 3000));
      await rig.ack(...(await rig.pop(q, { batch: 200 })));
      assert.deepEqual(await preview(q, "all"), exactly(3500, 200, 0));
      assert.deepEqual(await preview(q, at), exactly(500, 0, 2800));
      await rig.drain(q);
      assert.deepEqual(await preview(q, "all"), exactly(3500, 3500, 0));
      assert.deepEqual(await preview(q, at), exactly(500, 500, 0));
      assert.deepEqual(await preview(q, "new"), exactly(0, 0, 0));
    });

    rig.it("refuses what a seek refuses", async () => {
      const q = await rig.queue();
      await refused(preview("no-such-queue", "all"), "queue-not-found");
      await refused(preview(q, wrong("soon")), "invalid-input", "to");
      await refused(preview(q, "all", ""), "invalid-input", "group");
    });
  });
}
