import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTextPayload, textPayload } from "../../src/core/index.ts";
import type { Files } from "../../src/inspector/index.ts";
import { CallRefused, openPage, type TestPage } from "../support/inspector.ts";

const Q = "orders";

/** Files in memory: what is saved, and what is picked. */
class Drawer implements Files {
  saved: { readonly name: string; readonly text: string } | "abandoned" | undefined;
  picked: string | undefined;
  cancels = false;

  save(name: string): ReturnType<Files["save"]> {
    if (this.cancels) return Promise.resolve(undefined);
    const parts: Uint8Array[] = [];
    return Promise.resolve({
      name: `/home/me/${name}`,
      write: (data: string | Uint8Array) => Promise.resolve(void parts.push(Buffer.from(data))),
      close: () => Promise.resolve(void (this.saved = { name, text: Buffer.concat(parts).toString() })),
      abandon: () => Promise.resolve(void (this.saved = "abandoned")),
    });
  }

  open(): ReturnType<Files["open"]> {
    const { picked } = this;
    if (picked === undefined) return Promise.resolve(undefined);
    const bytes = Buffer.from(picked);
    let read = false;
    // As an upload: in pieces, and only once.
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      assert.equal(read, false, "it can be read once only");
      read = true;
      for (let from = 0; from < bytes.length; from += 1000) yield await Promise.resolve(bytes.subarray(from, from + 1000));
    };
    return Promise.resolve({ name: "orders.ndjson", size: null, chunks });
  }
}

async function push(page: TestPage, number: number): Promise<void> {
  await page.broker.messages.push(Q, Array.from({ length: number }, (_, i) => ({ payload: jsonTextPayload(`{"n": ${i}, "big": 12345678901234567890}`), headers: { kind: i % 2 === 0 ? "even" : "odd" } })));
}

describe("export and import in the inspector", () => {
  it("carry what is filtered over without loss, and tell how far they are", async () => {
    const files = new Drawer();
    await using page = await openPage({ files });
    await push(page, 1200);
    await page.broker.messages.push(Q, [{ payload: textPayload("ä\u2028"), partition: "p", transactionId: "tx-1" }]);
    const told: number[] = [];
    const all = await page.call("messages.export", { queue: Q, filter: {}, plaintext: false }, { onProgress: ({ count }) => { told.push(count); } });
    assert.deepEqual(all, { name: "/home/me/orders.ndjson", count: 1201 });
    assert.deepEqual([told.length >= 3, told.at(-1)], [true, 1201]);
    const even = await page.call("messages.export", { queue: Q, filter: { match: "even" }, plaintext: false });
    assert.equal(even.count, 600);

    assert.ok(typeof files.saved === "object");
    files.picked = files.saved.text;
    const phases: string[] = [];
    const { counts } = await page.call("messages.import", { queue: "copy", all: false }, { onProgress: ({ phase }) => { phases.push(phase); } });
    assert.deepEqual(counts, { imported: 600, duplicates: 0, finished: 0, expired: 0 });
    assert.ok(phases.includes("pushing"));
    const { items: [first] } = await page.broker.inspect.browse("copy", {});
    assert.deepEqual([Buffer.from(first?.payload.bytes ?? []).toString(), first?.headers], ['{"n": 0, "big": 12345678901234567890}', { kind: "even" }]);
  });

  it("check every line before the first is pushed", async () => {
    const files = new Drawer();
    await using page = await openPage({ files });
    files.picked = '{"data":1}\n{oops\n';
    await assert.rejects(page.call("messages.import", { queue: Q, all: false }), (error) => error instanceof CallRefused && error.message.includes("Line 2"));
    await assert.rejects(page.broker.queues.get(Q), { code: "queue-not-found" });
  });

  it("leave nothing behind when they are cancelled", async () => {
    const files = new Drawer();
    await using page = await openPage({ files });
    await push(page, 3000);
    const stop = new AbortController();
    const exporting = page.call("messages.export", { queue: Q, filter: {}, plaintext: false }, { signal: stop.signal, onProgress: () => { stop.abort(); } });
    await assert.rejects(exporting, (error) => error instanceof CallRefused && error.code === "cancelled");
    assert.equal(files.saved, "abandoned");
    files.cancels = true;
    assert.deepEqual(await page.call("messages.export", { queue: Q, filter: {}, plaintext: false }), { name: null, count: 0 });
    assert.deepEqual((await page.call("messages.import", { queue: Q, all: false })).name, null);
  });

  it("write an encrypted queue's content readable only when that was said", async () => {
    process.env["QUEUESCOPE_ENCRYPTION_KEY"] = "0123456789abcdef".repeat(4);
    const files = new Drawer();
    try {
      await using page = await openPage({ files });
      await page.broker.queues.create(Q, { encryptionEnabled: true });
      await push(page, 1);
      await assert.rejects(page.call("messages.export", { queue: Q, filter: {}, plaintext: false }), (error) => error instanceof CallRefused && error.field === "plaintext");
      assert.equal(files.saved, undefined);
      assert.equal((await page.call("messages.export", { queue: Q, filter: {}, plaintext: true })).count, 1);
    } finally {
      delete process.env["QUEUESCOPE_ENCRYPTION_KEY"];
    }
  });

  it("save one message's payload as it is", async () => {
    const files = new Drawer();
    await using page = await openPage({ files });
    const [result] = await page.broker.messages.push(Q, [{ payload: textPayload("text, as it is\n") }]);
    const id = result?.id ?? "";
    await page.call("messages.download", { id });
    assert.deepEqual(files.saved, { name: `${id}.txt`, text: "text, as it is\n" });
  });
});
