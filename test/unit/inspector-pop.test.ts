import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTextPayload } from "../../src/core/index.ts";
import { CallRefused, openPage, type TestPage } from "../support/inspector.ts";

async function pushed(page: TestPage, number: number): Promise<void> {
  await page.broker.messages.push("orders", Array.from({ length: number }, (_, index) => ({ payload: jsonTextPayload(String(index)) })));
}

const receipts = async (page: TestPage): Promise<string[]> => (await page.call("pop.list", { queue: "orders" })).popped.map(({ receipt }) => receipt);

describe("popping in the inspector", () => {
  it("leases nothing by looking", async () => {
    await using page = await openPage();
    await pushed(page, 3);
    assert.deepEqual((await page.call("pop.peek", { queue: "orders", group: "default", limit: 10 })).rows.map(({ preview }) => preview), ["0", "1", "2"]);
    assert.deepEqual((await page.call("pop.list", { queue: "orders" })).popped, []);
    assert.equal((await page.broker.inspect.stats("orders")).counts.leased, 0);
  });

  it("pops for a group, shows the lease, and settles one or all", async () => {
    await using page = await openPage();
    await pushed(page, 4);
    assert.deepEqual(await page.call("pop.take", { queue: "orders", group: "billing", batch: 3, lease: 60_000 }), { taken: 3 });
    const { popped } = await page.call("pop.list", { queue: "orders" });
    assert.deepEqual(popped.map(({ group, attempt, message }) => [group, attempt, message.state, message.preview]), [["billing", 1, "leased", "0"], ["billing", 1, "leased", "1"], ["billing", 1, "leased", "2"]]);
    const [first = "", ...others] = await receipts(page);
    assert.deepEqual((await page.call("pop.settle", { receipts: [first], action: "ack" })).results.map(({ outcome }) => outcome), ["completed"]);
    assert.deepEqual((await page.call("pop.settle", { receipts: others, action: "dead", error: "by hand" })).results.map(({ outcome }) => outcome), ["dead", "dead"]);
    assert.deepEqual(await receipts(page), []);
    assert.deepEqual((await page.broker.inspect.deadLetters("orders", {})).items.map(({ error }) => error), ["by hand", "by hand"]);
  });

  it("gives a nack its error and its delay", async () => {
    await using page = await openPage();
    await pushed(page, 1);
    await page.call("pop.take", { queue: "orders", group: "default", batch: 1 });
    const now = Date.now();
    await page.call("pop.settle", { receipts: await receipts(page), action: "nack", error: "later", delay: 3_600_000 });
    const [message] = (await page.broker.inspect.browse("orders", {})).items;
    assert.deepEqual([message?.state, message?.lastError], ["retrying", "later"]);
    assert.ok((message?.until ?? 0) >= now + 3_600_000);
  });

  it("renews a lease", async () => {
    await using page = await openPage();
    await pushed(page, 1);
    await page.call("pop.take", { queue: "orders", group: "default", batch: 1, lease: 60_000 });
    await page.call("pop.renew", { receipts: await receipts(page), lease: 3_600_000 });
    const { popped } = await page.call("pop.list", { queue: "orders" });
    assert.ok((popped[0]?.leaseExpiresAt ?? 0) > Date.now() + 3_000_000);
  });

  it("drops what was settled elsewhere, and tells a stale receipt from the others", async () => {
    await using page = await openPage();
    await pushed(page, 2);
    await page.call("pop.take", { queue: "orders", group: "default", batch: 2 });
    const [first = "", second = ""] = await receipts(page);
    await page.broker.messages.settle([{ action: "ack", receipt: first }]);
    const { results } = await page.call("pop.settle", { receipts: [first, second], action: "ack" });
    assert.deepEqual(results.map(({ outcome, error }) => outcome ?? error?.code), ["lease-lost", "completed"]);
    await page.broker.messages.push("orders", [{ payload: jsonTextPayload("3") }]);
    await page.call("pop.take", { queue: "orders", group: "default", batch: 1 });
    await page.broker.messages.settle((await receipts(page)).map((receipt) => ({ action: "ack", receipt })));
    assert.deepEqual(await receipts(page), []);
    assert.deepEqual(page.popped, []);
  });

  it("refuses what isn't a number of messages, by name", async () => {
    await using page = await openPage();
    await assert.rejects(page.call("pop.take", { queue: "orders", group: "default", batch: 0 }), (error) => error instanceof CallRefused && error.code === "invalid-input" && error.field === "batch");
  });
});
