import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { messageRange } from "../../src/brokers/local/ids.ts";
import { openLocal } from "../../src/brokers/local/index.ts";
import { unfinished } from "../../src/brokers/local/overflow.ts";
import { completedBy, placed } from "../../src/brokers/local/standing.ts";
import { Store } from "../../src/brokers/local/store.ts";
import { type Delivery, type Settlement, textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";

const step = fc.oneof(
  fc.record({ what: fc.constant("push" as const), partition: fc.constantFrom("a", "b", undefined), n: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ what: fc.constant("pop" as const), group: fc.constantFrom("default", "late", "other"), n: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ what: fc.constantFrom("ack" as const, "nack" as const, "release" as const, "dead" as const), n: fc.nat({ max: 5 }) }),
);

test("the number of unfinished messages is exact, whatever groups did with them", async (t) => {
  const folder = await temporaryFolder(t);
  let file = 0;
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
    const path = join(folder, `${++file}.db`);
    await using broker = await openLocal(path, { housekeeping: "none" });
    const store = await Store.open(path, { readOnly: false, durability: "normal", now: Date.now });
    try {
      await broker.queues.create("q", { retryDelay: "1h" });
      const held: Delivery[] = [];
      for (const action of steps) {
        if (action.what === "push") {
          const { partition, n } = action;
          await broker.messages.push("q", Array.from({ length: n }, () => ({ payload: textPayload("x"), partition })));
        } else if (action.what === "pop") {
          held.push(...(await broker.messages.pop("q", { group: action.group, batch: action.n, start: action.group === "late" ? "new" : "all" })));
        } else {
          const [delivery] = held.splice(action.n % Math.max(1, held.length), 1);
          if (delivery?.receipt) await broker.messages.settle([{ action: action.what, receipt: delivery.receipt } satisfies Settlement]);
        }
        const { counted, expected } = await store.write((tx) => {
          const queue = tx.live.queue("q");
          const groups = tx.live.groupsOf(queue);
          const { first, last } = messageRange(queue.qid);
          const open = tx.all<{ id: number }>("SELECT id FROM msg WHERE id > ? AND id <= ?", first, last).filter(({ id }) => {
            const message = placed(tx, id);
            return message !== undefined && (groups.length === 0 || !groups.every((group) => completedBy(tx, group, message)));
          });
          return { counted: unfinished(tx, queue), expected: open.length };
        });
        assert.equal(counted, expected);
      }
    } finally {
      store.close();
    }
  }), { numRuns: 25 });
});
