import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { type Broker, textPayload } from "../../src/core/index.ts";

/** More than are looked at in two steps, so that what was found so far decides what is looked at. */
const PARTITIONS = 21_000;
const PAGE = 700;

describe("the partitions of a local queue, worst lag first", () => {
  const names = Array.from({ length: PARTITIONS }, (_, i) => `p${(i * 7919) % PARTITIONS}`);
  /** By how many messages each is pushed: the longest in the last step, most as long as each other. */
  const longs = new Map(names.map((name, i) => [name, i >= PARTITIONS - 3 ? 5 : i % 1000 === 0 ? 3 : 1]));
  let folder = "";
  let broker: Broker;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "queuescope-partitions-"));
    broker = await openLocal(join(folder, "queues.db"));
    const items = [...longs].flatMap(([partition, n]) => Array.from({ length: n }, () => ({ payload: textPayload("x"), partition })));
    for (let i = 0; i < items.length; i += 5_000) await broker.messages.push("q", items.slice(i, i + 5_000));
  });
  after(async () => {
    await broker.close();
    await rm(folder, { recursive: true, force: true });
  });

  const expected = (lags: ReadonlyMap<string, number>): [string, number][] => [...lags].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));

  async function read(request: { readonly group: string; readonly match?: string }, pages: number): Promise<[string, number][]> {
    const found: [string, number][] = [];
    for (let after: string | undefined, page = 0; page < pages; page++) {
      const { items, next } = await broker.inspect.partitions("q", { ...request, limit: PAGE, ...(after === undefined ? {} : { after }) });
      found.push(...items.map(({ name, lag }): [string, number] => [name, lag]));
      if (next === null) break;
      after = next;
    }
    return found;
  }

  it("are those of all steps, equal ones by name, page after page", async () => {
    assert.deepEqual(await read({ group: "nobody" }, 3), expected(longs).slice(0, 3 * PAGE));
  });

  it("are by what is left, not by how long they are", async () => {
    const left = new Map(longs);
    for (let round = 0; round < 6; round++) {
      const settlements = (await broker.messages.pop("q", { batch: 10_000 })).map(({ partition, receipt }) => {
        if (partition === null || receipt === null) throw new Error("Each has a partition and a receipt.");
        left.set(partition, (left.get(partition) ?? 0) - 1);
        return { action: "ack", receipt } as const;
      });
      await broker.messages.settle(settlements);
    }
    assert.ok([...left.values()].filter((lag) => lag === 0).length > PAGE);
    assert.deepEqual(await read({ group: "default" }, 3), expected(left).slice(0, 3 * PAGE));
  });

  it("are also found by a part of the name", async () => {
    const fits = new Map([...longs].filter(([name]) => name.includes("99")));
    assert.deepEqual(await read({ group: "nobody", match: "99" }, 9), expected(fits));
  });
});
