import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { payloadText } from "../../src/core/index.ts";
import type { Draft } from "../../src/protocol/index.ts";
import { CallRefused, openPage, type TestPage } from "../support/inspector.ts";

const DRAFT: Draft = { encoding: "json", data: '{"id":1}', headers: {}, partition: "", id: "", delay: "", priority: "", ttl: "" };

const send = (page: TestPage, draft: Partial<Draft>, times = 1, rate: number | null = null) => page.call("push.send", { queue: "orders", draft: { ...DRAFT, ...draft }, times, rate });

async function stored(page: TestPage): Promise<string[]> {
  return (await page.broker.inspect.browse("orders", { limit: 1000 })).items.map(({ payload }) => payloadText(payload));
}

describe("pushing in the inspector", () => {
  it("stores data as it was written, with everything of the form", async () => {
    await using page = await openPage();
    const { last } = await send(page, { data: '{"big":12345678901234567890}', headers: { source: "test" }, partition: "customer-7", id: "order-1", ttl: "2h" });
    const message = await page.broker.inspect.read(last[0]?.id ?? "");
    assert.equal(payloadText(message.payload), '{"big":12345678901234567890}');
    assert.deepEqual(message.headers, { source: "test" });
    assert.equal(message.partition, "customer-7");
    assert.equal(message.transactionId, "order-1");
    assert.equal(message.expiresAt, message.createdAt + 7_200_000);
  });

  it("answers a duplicate with its original", async () => {
    await using page = await openPage();
    const [first] = (await send(page, { id: "order-1" })).last;
    const again = await send(page, { id: "order-1" });
    assert.deepEqual({ duplicates: again.duplicates, id: again.last[0]?.id, status: again.last[0]?.status }, { duplicates: 1, id: first?.id, status: "duplicate" });
  });

  it("fills in placeholders for each message, numbers as numbers", async () => {
    await using page = await openPage();
    await send(page, { data: '{"n":"{{counter}}","text":"order {{counter}}","key":"{{uuid}}","name":"{{person.fullName}}","age":"{{number.int({\\"min\\":20,\\"max\\":29})}}"}', partition: "p{{counter}}" }, 3);
    const messages = (await stored(page)).map((text) => JSON.parse(text) as { n: number; text: string; key: string; name: string; age: number });
    assert.deepEqual(messages.map(({ n, text }) => [n, text]), [[1, "order 1"], [2, "order 2"], [3, "order 3"]]);
    assert.equal(new Set(messages.map(({ key }) => key)).size, 3);
    for (const { name, key, age } of messages) {
      assert.match(key, /^[0-9a-f-]{36}$/);
      assert.match(name, /\p{L}+ \p{L}+/u);
      assert.ok(age >= 20 && age <= 29);
    }
    assert.deepEqual((await page.broker.inspect.partitions("orders", { sort: "name" })).items.map(({ name }) => name), ["p1", "p2", "p3"]);
  });

  it("names a placeholder that there isn't, and pushes nothing", async () => {
    await using page = await openPage();
    await assert.rejects(send(page, { data: '{"x":"{{no.such}}"}' }), (error) => error instanceof CallRefused && error.code === "invalid-input" && error.message.includes("{{no.such}}"));
    await assert.rejects(page.broker.inspect.stats("orders"), { code: "queue-not-found" });
  });

  it("blames the field that is wrong", async () => {
    await using page = await openPage();
    for (const [field, draft] of Object.entries({ data: { data: "{" }, delay: { delay: "soon" }, priority: { priority: "12" }, ttl: { ttl: "-1" } })) {
      await assert.rejects(send(page, draft), (error) => error instanceof CallRefused && error.field === field, field);
    }
  });

  it("pushes many, tells how far it is, and stops where it is told to with what was stored", async () => {
    await using page = await openPage();
    assert.equal((await send(page, { data: '"{{counter}}"' }, 1234)).pushed, 1234);
    assert.equal((await page.broker.inspect.stats("orders")).messages, 1234);

    const stop = new AbortController();
    const slow = await page.call("push.send", { queue: "slow", draft: DRAFT, times: 100_000, rate: 20 }, { signal: stop.signal, onProgress: () => { stop.abort(); } });
    assert.ok(slow.pushed > 0 && slow.pushed < 100_000);
    assert.equal((await page.broker.inspect.stats("slow")).messages, slow.pushed);
  });

  it("says what was stored before a queue was full", async () => {
    await using page = await openPage();
    await page.broker.queues.create("orders", { maxSize: 250 });
    const { pushed, error } = await send(page, {}, 1000);
    assert.equal(error?.code, "queue-full");
    assert.equal((await page.broker.inspect.stats("orders")).messages, pushed);
    assert.ok(pushed >= 200);
  });

  it("keeps templates as files that the editor could push", async () => {
    await using page = await openPage();
    const draft: Draft = { ...DRAFT, data: '{\n  "id": "{{uuid}}",\n  "big": 12345678901234567890\n}', headers: { a: "b" }, delay: "5m", priority: "7" };
    assert.deepEqual((await page.call("push.templates", {})).names, []);
    await page.call("push.saveTemplate", { name: "New order", draft });
    assert.deepEqual((await page.call("push.templates", {})).names, ["New order"]);
    assert.deepEqual((await page.call("push.template", { name: "New order" })).draft, draft);
    const file = JSON.parse(await readFile(join(page.folder, "templates", "New order.json"), "utf8")) as { data: { id: string }; delay: string };
    assert.deepEqual([file.data.id, file.delay], ["{{uuid}}", "5m"]);
    await page.call("push.deleteTemplate", { name: "New order" });
    assert.deepEqual((await page.call("push.templates", {})).names, []);
  });

  it("keeps templates in their folder, whatever their name", async () => {
    await using page = await openPage();
    for (const name of ["../outside", "a/b", ".hidden", "a\u0000b"]) await assert.rejects(page.call("push.saveTemplate", { name, draft: DRAFT }), { code: "invalid-input" }, name);
  });

  it("says which template can't be read, and why", async () => {
    await using page = await openPage();
    await page.call("push.saveTemplate", { name: "broken", draft: DRAFT });
    await writeFile(join(page.folder, "templates", "broken.json"), '{ "dato": 1 }');
    await assert.rejects(page.call("push.template", { name: "broken" }), (error) => error instanceof CallRefused && /template broken.*"dato"/.test(error.message));
  });

  it("copies a message, and a dead letter, to be pushed again", async () => {
    await using page = await openPage();
    const [pushed] = (await send(page, { data: '{"n":1.0}', headers: { a: "b" }, partition: "p", id: "mine" })).last;
    const copy = { ...DRAFT, data: '{"n":1.0}', headers: { a: "b" }, partition: "p" };
    assert.deepEqual((await page.call("push.copy", { id: pushed?.id ?? "" })).draft, copy);
    const [delivery] = await page.broker.messages.pop("orders");
    await page.broker.messages.settle([{ action: "dead", receipt: delivery?.receipt ?? "" }]);
    const [dead] = (await page.broker.inspect.deadLetters("orders", {})).items;
    assert.deepEqual((await page.call("push.copy", { id: dead?.id ?? "" })).draft, copy);
  });
});
