import assert from "node:assert/strict";
import { payloadText } from "../../../src/core/index.ts";
import { type BrokerFactory, type Rig, type Storage, conformance, eventually, item, only, receipt, refused, texts } from "./harness.ts";

const KEY = "0123456789abcdef".repeat(4);
const NEW_KEY = "fedcba9876543210".repeat(4);
/** Words that must not be found in what is stored. */
const SECRETS = ["secret-data", "secret-header", "secret-error", "secret-stack", "secret-trace"];

export function encryption(factory: BrokerFactory): void {
  conformance(factory, "11. Encryption", (rig) => {
    rig.it("comes out as it went in, to every group, keyed or not, scheduled or not", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const broker = await rig.another({ encryptionKeys: [KEY] });
      const q = rig.name();
      await broker.queues.create(q, { encryptionEnabled: true });
      await broker.messages.push(q, [item("secret-data", { headers: { h: "secret-header" } }), item("", { partition: "a" })]);
      await broker.messages.push(q, [item("later", { deliverAt: rig.now() + 1000 })]);
      await rig.advance(1001);
      for (const group of ["default", "x"]) {
        const got = [];
        for (let i = 0; i < 3; i += 1) got.push(...(await broker.messages.pop(q, { group })));
        assert.deepEqual(texts(got).sort(), ["", "later", "secret-data"]);
        assert.deepEqual(got.find((d) => payloadText(d.payload) === "secret-data")?.headers, { h: "secret-header" });
      }
    });

    rig.it("data, headers, errors, stacks, trace data and dead letters are nowhere in plain; partition, transactionId and names are", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const storage = await rig.ownStorage();
      await leaveSecrets(storage, true);
      const raw = await storage.dump();
      for (const secret of SECRETS) assert.ok(!raw.includes(secret), `${secret} is not in plain`);
      for (const plain of ["plain-partition", "plain-tx", "plain-group"]) assert.ok(raw.includes(plain), `${plain} is`);
    });

    rig.it("without encryption the same words are found: this test can fail", async () => {
      const storage = await rig.ownStorage();
      await leaveSecrets(storage, false);
      const raw = await storage.dump();
      for (const secret of SECRETS) assert.ok(raw.includes(secret), `${secret} is in plain`);
    });

    rig.it("no key is encryption-key-missing, for whoever pushes and whoever reads, never plaintext", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const q = await encrypted(rig);
      await refused(rig.push(q, ["m"]), "encryption-key-missing");
      await refused(rig.pop(q), "encryption-key-missing");
      await refused(rig.broker.inspect.browse(q), "encryption-key-missing");
      await refused(rig.broker.queues.create(rig.name(), { encryptionEnabled: true }), "encryption-key-missing");
      const keyed = await rig.another({ encryptionKeys: [KEY] });
      const got = only(await keyed.messages.pop(q));
      assert.deepEqual([payloadText(got.payload), got.attempt, got.deliveryCount], ["secret-data", 1, 1], "the refused pop leased nothing");
    });

    rig.it("another key is encryption-key-missing too", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const q = await encrypted(rig);
      const stranger = await rig.another({ encryptionKeys: [NEW_KEY] });
      await refused(stranger.messages.pop(q), "encryption-key-missing");
    });

    rig.it("older keys stay readable; new messages take the new key", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const q = await encrypted(rig);
      const both = await rig.another({ encryptionKeys: [NEW_KEY, KEY] });
      await both.messages.push(q, [item("new")]);
      const got = await both.messages.pop(q, { batch: 2 });
      assert.deepEqual(texts(got), ["secret-data", "new"]);
      await both.messages.settle([{ action: "ack", receipt: receipt(only(got.slice(0, 1))) }, { action: "release", receipt: receipt(only(got.slice(1))) }]);
      const fresh = await rig.another({ encryptionKeys: [NEW_KEY] });
      assert.deepEqual(texts(await fresh.messages.pop(q)), ["new"]);
    });

    rig.it("is changed only on an empty queue", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const broker = await rig.another({ encryptionKeys: [KEY] });
      const q = await rig.queue();
      const id = await rig.pushOne(q, "plain");
      await refused(broker.queues.configure(q, { encryptionEnabled: true }), "invalid-input", "encryptionEnabled");
      await rig.broker.repair.remove([id]);
      assert.equal((await broker.queues.configure(q, { encryptionEnabled: true })).options.encryptionEnabled, true);
      await broker.messages.push(q, [item("secret")]);
      await refused(broker.queues.configure(q, { encryptionEnabled: false }), "invalid-input", "encryptionEnabled");
    });

    rig.it("who has no key ends leases that ran out and removes what expired, of encrypted queues too", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const [q, other] = [await encrypted(rig), await rig.queue({ ttl: 10 })];
      const keyed = await rig.another({ encryptionKeys: [KEY] });
      await keyed.queues.configure(q, { retryLimit: 0 });
      await keyed.messages.push(q, [item("secret-data", { ttl: 10_000 })]);
      only(await keyed.messages.pop(q, { lease: 1000 }));
      await keyed.close();
      await rig.push(other, ["expires"]);
      await rig.advance(10_001);
      await eventually(async () => {
        const [{ counts, messages }, { messages: left }] = [await rig.broker.inspect.stats(q), await rig.broker.inspect.stats(other)];
        assert.deepEqual([counts.dead, counts.leased, messages, left], [1, 0, 1, 0]);
      });
      const reader = await rig.another({ encryptionKeys: [KEY] });
      const letter = only((await reader.inspect.deadLetters(q)).items);
      assert.deepEqual([payloadText(letter.payload), letter.reason], ["secret-data", "lease-expired"]);
    });

    rig.it("a malformed key is refused", async () => {
      rig.needs((c) => c.encryption, "encryption");
      for (const key of ["short", "z".repeat(64), "0".repeat(63)]) await refused(rig.another({ encryptionKeys: [key] }), "invalid-input");
    });

    rig.it("leaves encryption by redrive only with `plaintext`", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const q = await encrypted(rig);
      const broker = await rig.another({ encryptionKeys: [KEY] });
      const to = await rig.queue();
      await broker.messages.settle([{ action: "dead", receipt: receipt(only(await broker.messages.pop(q))), error: { message: "secret-error" } }]);
      await refused(broker.repair.redrive(q, { filter: {}, to }), "invalid-input", "plaintext");
      assert.deepEqual(await rig.pop(to), []);
      await broker.repair.redrive(q, { filter: {}, to, plaintext: true });
      assert.deepEqual(texts(await rig.pop(to)), ["secret-data"]);
    });

    rig.it("dead letters keep their encryption when their queue has left it", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const q = await encrypted(rig);
      const broker = await rig.another({ encryptionKeys: [KEY] });
      const got = only(await broker.messages.pop(q));
      await broker.messages.settle([{ action: "dead", receipt: receipt(got) }]);
      await broker.repair.remove([got.id]);
      await broker.queues.configure(q, { encryptionEnabled: false });
      await refused(broker.repair.redrive(q, { filter: {} }), "invalid-input", "plaintext");
      assert.deepEqual(await broker.messages.pop(q), []);
      await broker.repair.redrive(q, { filter: {}, plaintext: true });
      assert.deepEqual(texts(await broker.messages.pop(q)), ["secret-data"]);
    });

    rig.it("redrive and edit stay encrypted, search finds inside", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const q = await encrypted(rig);
      const broker = await rig.another({ encryptionKeys: [KEY] });
      assert.equal((await broker.inspect.browse(q, { match: "SECRET-d" })).items.length, 1);
      const got = only(await broker.messages.pop(q));
      await broker.messages.settle([{ action: "dead", receipt: receipt(got), error: { message: "secret-error", stack: "secret-stack" } }]);
      assert.equal((await broker.inspect.deadLetters(q, { match: "secret-err" })).items.length, 1);
      await broker.repair.redrive(q, { filter: {} });
      assert.deepEqual(texts(await broker.messages.pop(q)), ["secret-data"]);
    });
  });
}

async function encrypted(rig: Rig): Promise<string> {
  const broker = await rig.another({ encryptionKeys: [KEY] });
  const q = rig.name("encrypted");
  await broker.queues.create(q, { encryptionEnabled: true });
  await broker.messages.push(q, [item("secret-data")]);
  return q;
}

/** One message of every place where data is stored, and a dead letter with error, stack and trace. */
async function leaveSecrets(storage: Storage, encryptionEnabled: boolean): Promise<void> {
  const broker = await storage.open(encryptionEnabled ? { encryptionKeys: [KEY] } : {});
  await broker.queues.create("q", { encryptionEnabled, trace: "all", retryDelay: 0 });
  const shared = { headers: { h: "secret-header" }, partition: "plain-partition" };
  const [first] = await broker.messages.push("q", [item("secret-data 1", { ...shared, transactionId: "plain-tx" }), item("secret-data 2", shared)]);
  await broker.messages.push("q", [item("secret-data 3", { ...shared, deliverAt: storage.now() + 60_000 })]);
  const error = { message: "secret-error", stack: "secret-stack" };
  for (const action of ["nack", "dead"] as const) {
    const got = only(await broker.messages.pop("q", { group: "plain-group" }));
    await broker.messages.trace([{ messageId: got.id, type: "info", names: ["plain-name"], data: '{"text":"secret-trace"}' }]);
    await broker.messages.settle([{ action, receipt: receipt(got), error }]);
  }
  assert.ok(first);
  await broker.close();
}
