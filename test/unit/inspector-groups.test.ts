import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTextPayload } from "../../src/core/index.ts";
import { openPage, type TestPage } from "../support/inspector.ts";

const BILLING = { queue: "orders", group: "billing" };

async function prepared(page: TestPage): Promise<void> {
  await page.broker.messages.push("orders", [1, 2, 3].map((n) => ({ payload: jsonTextPayload(String(n)) })));
  const deliveries = await page.broker.messages.pop("orders", { group: "billing", batch: 2 });
  await page.broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
}

const group = async (page: TestPage) => (await page.call("queue.get", { queue: "orders" })).groups.find(({ name }) => name === "billing");

describe("groups in the inspector", () => {
  it("previews what a seek would replay, and then does that", async () => {
    await using page = await openPage();
    await prepared(page);
    assert.deepEqual(await page.call("groups.seekPreview", { ...BILLING, to: "all" }), { messages: 3, again: 2, skipped: 0, exact: true });
    assert.deepEqual(await page.call("groups.seekPreview", { ...BILLING, to: "new" }), { messages: 0, again: 0, skipped: 1, exact: true });
    assert.equal((await group(page))?.lag, 1, "a preview changes nothing");
    await page.call("groups.seek", { ...BILLING, to: "all" });
    assert.equal((await group(page))?.lag, 3);
  });

  it("pauses, resumes, holds, lets go one by one, and deletes", async () => {
    await using page = await openPage();
    await prepared(page);
    const popped = async (): Promise<number> => (await page.broker.messages.pop("orders", { group: "billing", batch: 10 })).length;
    await page.call("groups.pause", { ...BILLING, paused: true });
    assert.equal(await popped(), 0);
    await page.call("groups.pause", { ...BILLING, paused: false });
    await page.call("groups.seek", { ...BILLING, to: "all" });
    await page.call("groups.hold", { ...BILLING, held: true });
    assert.equal(await popped(), 0);
    await page.call("groups.step", { ...BILLING, count: 2 });
    assert.equal((await group(page))?.held, 2);
    assert.equal(await popped(), 2);
    await page.call("groups.hold", { ...BILLING, held: false });
    assert.equal(await popped(), 1);
    await page.call("groups.delete", BILLING);
    assert.equal(await group(page), undefined);
  });

  it("shows the workers of the group, and no others", async () => {
    await using page = await openPage();
    await prepared(page);
    const worker = { id: "w1", name: "biller", queues: ["orders"], group: "billing", host: "here", pid: 1, startedAt: Date.now(), concurrency: 4, status: "busy" as const, current: ["m1-3"], processed: 2, failed: 0, interval: 10_000 };
    await page.broker.workers.heartbeat(worker);
    await page.broker.workers.heartbeat({ ...worker, id: "w2", group: "default" });
    await page.broker.workers.heartbeat({ ...worker, id: "w3", queues: ["shipments"] });
    const { members } = await page.call("groups.members", BILLING);
    assert.deepEqual(members.map(({ id, live, current }) => [id, live, current]), [["w1", true, ["m1-3"]]]);
  });
});
