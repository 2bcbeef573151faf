import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openConnection, type NatsHandle } from "../../src/brokers/jetstream/connection/index.ts";
import { openSubjects } from "../../src/brokers/jetstream/taps/index.ts";
import { openLocal } from "../../src/brokers/local/index.ts";
import { Connection } from "../../src/client/connection.ts";
import { connect } from "../../src/client/index.ts";
import { HeldLeases } from "../../src/client/leases.ts";
import { silentLogger } from "../../src/client/log.ts";
import type { FlowStats } from "../../src/client/taps-flow.ts";
import { temporaryFolder } from "../support/folder.ts";
import { type NatsServer, natsSkip, startNatsServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

/** Subjects of a real server, queues in a real file. */
async function opened(server: NatsServer, folder: string, { readOnly = false } = {}): Promise<{ queues: Connection; handle: NatsHandle }> {
  const handle = await openConnection({ url: server.url, reconnect: { wait: 20, maxWait: 100 } });
  const subjects = openSubjects(handle, { readOnly });
  const broker = { ...await openLocal(join(folder, "queues.db")), subjects, readOnly };
  const release = async (): Promise<void> => {
    await subjects.close();
    await broker.close();
    await handle.close();
  };
  return { handle, queues: new Connection({ broker, held: new HeldLeases(), logger: silentLogger, release }) };
}

/** A temporary folder for all tests of a suite. */
function fixture(): { make(): Promise<string>; remove(): Promise<void> } {
  const removals: (() => unknown)[] = [];
  return {
    make: () => temporaryFolder({ after: (remove) => { removals.push(remove as () => unknown); } }),
    remove: async () => { for (const remove of removals) await remove(); },
  };
}

async function collected(tap: AsyncIterable<{ readonly subject: string; readonly text: string }>, count: number): Promise<string[]> {
  const all: string[] = [];
  for await (const { subject, text } of tap) if (all.push(`${subject} ${text}`) === count) break;
  return all;
}

function settled({ stats }: { readonly stats: FlowStats }, received: number): boolean {
  return stats.received === received && stats.buffered === 0;
}

describe("taps of the library", { skip: natsSkip(), timeout: 120_000 }, () => {
  let server: NatsServer;
  let queues: Connection;
  const folder = fixture();
  before(async () => {
    server = await startNatsServer({ jetstream: false });
    ({ queues } = await opened(server, await folder.make()));
  });
  after(async () => {
    await queues.close();
    await server.stop();
    await folder.remove();
  });
  const publishAll = async (subject: string, texts: readonly unknown[]): Promise<void> => { for (const one of texts) await queues.publish(subject, one); };

  it("give what arrives as values, in a loop that ends with the tap", async () => {
    const tap = await queues.tap(["kinds.>"]);
    await publishAll("kinds.a", [{ n: 1 }, "text", "12345678901234567890", Uint8Array.of(0xff), undefined, null]);
    await tap.stop();
    const seen: [string, unknown, string][] = [];
    for await (const { encoding, data, text } of tap) seen.push([encoding, data, text]);
    assert.deepEqual(seen, [
      ["json", { n: 1 }, '{"n":1}'],
      ["text", "text", "text"],
      ["json", 12345678901234567000, "12345678901234567890"],
      ["bytes", Uint8Array.of(0xff), "\ufffd"],
      ["text", "", ""],
      ["json", null, "null"],
    ]);
  });

  it("can be popped, counted, peeked at and cleared, several at once on one connection", async () => {
    await using one = await queues.tap("deck.1");
    await using two = await queues.tap("deck.*");
    await publishAll("deck.1", [1, 2, 3]);
    await publishAll("deck.2", [4]);
    await until("all to arrive", () => one.size === 3 && two.size === 4);
    assert.deepEqual(two.peek().map(({ data }) => data), [1, 2, 3, 4]);
    assert.deepEqual(two.peek(2).map(({ data }) => data), [3, 4]);
    assert.deepEqual(two.peek(0), []);
    assert.deepEqual((await two.pop({ batch: 3 })).map(({ data }) => data), [1, 2, 3]);
    assert.deepEqual([two.clear(), two.size], [1, 0]);
    assert.deepEqual(await two.pop({ wait: 10 }), []);
    assert.deepEqual((await one.pop()).map(({ subject, data }) => [subject, data]), [["deck.1", 1]]);
  });

  it("answer requests", async () => {
    await using tap = await queues.tap("add");
    const asked = queues.request<number>("add", [1, 2], { headers: { trace: "t" }, timeout: "10s" });
    const [question] = await tap.pop({ wait: "10s" });
    assert.deepEqual([question?.data, question?.headers], [[1, 2], { trace: "t" }]);
    await question?.respond(3, { headers: { from: "me" } });
    const answer = await asked;
    assert.deepEqual([answer.data, answer.headers, answer.reply], [3, { from: "me" }, null]);
    await assert.rejects(answer.respond("again"), { code: "invalid-input" });
  });

  it("stop at an aborted signal, before it too", async () => {
    const stop = new AbortController();
    const tap = await queues.tap("signal", { signal: stop.signal });
    const recording = await queues.tapInto("signal", "signalled", { signal: stop.signal });
    stop.abort();
    assert.equal(await tap.ended, null);
    assert.equal((await recording.ended).pushed, 0);
    assert.equal(await (await queues.tap("signal", { signal: stop.signal })).ended, null);
    assert.equal((await (await queues.tapInto("signal", "signalled", { signal: stop.signal })).ended).pushed, 0);
  });

  it("push what arrives to a queue, with subject, reply and headers, and what a repeated Nats-Msg-Id had stored only once", async () => {
    await using recording = await queues.tapInto(["into.>"], "into");
    await queues.publish("into.a", { n: 1 }, { headers: { "X-One": "1", many: ["a", "b"] }, reply: "answers" });
    await queues.publish("into.b", Uint8Array.of(0xff), { headers: { "Nats-Msg-Id": "mine" } });
    await queues.publish("into.b", "again", { headers: { "Nats-Msg-Id": "mine" } });
    await until("all to be pushed", () => settled(recording, 3));
    const { pushed, duplicates, refused, dropped, lastError } = recording.stats;
    assert.deepEqual({ pushed, duplicates, refused, dropped, lastError }, { pushed: 3, duplicates: 1, refused: 0, dropped: 0, lastError: null });
    const all = await queues.queue("into").batch(10).pop();
    assert.deepEqual(all.map(({ data, headers }) => [data, headers]), [
      [{ n: 1 }, { "X-One": "1", many: "a, b", "Tap-Subject": "into.a", "Tap-Reply": "answers" }],
      [Uint8Array.of(0xff), { "Nats-Msg-Id": "mine", "Tap-Subject": "into.b" }],
    ]);
    assert.equal(all[1]?.transactionId, "mine");
  });

  it("keep the order of each subject in a queue, when its subject is its partition", async () => {
    await using recording = await queues.tapInto("lanes.*", "lanes", { bySubject: true });
    for (let i = 0; i < 20; i++) await queues.publish(`lanes.${i % 2}`, i);
    await until("all to be pushed", () => settled(recording, 20));
    const { items } = await queues.broker.inspect.browse("lanes", { partition: "lanes.1" });
    assert.deepEqual(items.map(({ payload }) => Number(Buffer.from(payload.bytes).toString())), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  });

  it("try again while the queue is full; what doesn't fit into the buffer meanwhile is counted, and nothing else is lost", async () => {
    const queue = queues.queue("narrow");
    await queue.config({ maxSize: 5, retentionSeconds: 0 }).create();
    await using recording = await queues.tapInto("narrow", "narrow", { buffer: 20, overflow: "drop-newest" });
    await queues.publish("narrow", 0);
    await until("the first to be pushed", () => recording.stats.pushed === 1);
    await publishAll("narrow", Array.from({ length: 10 }, (_, i) => i + 1));
    await until("the queue to be full", () => recording.stats.retries > 0 && recording.stats.lastError !== null);
    await publishAll("narrow", Array.from({ length: 200 }, (_, i) => i + 11));
    await until("all to arrive", () => recording.stats.received === 211);
    const { received, pushed, buffered, dropped, refused } = recording.stats;
    assert.ok(dropped > 0, "the buffer is smaller than what came");
    assert.equal(received, pushed + buffered + dropped + refused);
    const seen: number[] = [];
    await until("the rest to come through", async () => {
      for (const message of await queues.queue<number>("narrow").atMostOnce().batch(5).each().pop()) seen.push(message.data);
      return seen.length === received - dropped;
    });
    assert.deepEqual(seen, [...new Set(seen)], "none twice");
    assert.deepEqual(seen, Array.from({ length: seen.length }, (_, i) => i), "the first ones, in order");
    assert.equal(recording.stats.pushed, received - dropped);
  });

  it("store the others of a batch when the queue never takes one of them", async () => {
    await using recording = await queues.tapInto("mixed", "mixed", { confirm: true });
    const good = publishAll("mixed", [1, 2]);
    await assert.rejects(queues.request("mixed", 3, { headers: { ["x".repeat(1100)]: "a name that no queue keeps" }, timeout: "10s" }).then(({ data }) => { throw Object.assign(new Error(), (data as { error: object }).error); }), { code: "invalid-input" });
    await good;
    await queues.publish("mixed", 4);
    await until("all to be dealt with", () => settled(recording, 4));
    assert.deepEqual([recording.stats.pushed, recording.stats.refused], [3, 1]);
    assert.match(recording.stats.lastError?.message ?? "", /headers/);
  });

  it("confirm to who asks that a message is stored", async () => {
    await using recording = await queues.tapInto("safe", "safe", { confirm: true });
    const { data } = await queues.request<{ id: string; queue: string; status: string }>("safe", "keep this", { timeout: "10s" });
    assert.deepEqual([data.queue, data.status], ["safe", "queued"]);
    assert.equal(Buffer.from((await queues.broker.inspect.read(data.id)).payload.bytes).toString(), "keep this");
    assert.equal(recording.stats.pushed, 1);
  });

  it("say what is lost when a stop can't wait any longer", async () => {
    await queues.queue("stuck").config({ maxSize: 1 }).create();
    await queues.queue("stuck").push("occupied");
    const recording = await queues.tapInto("stuck", "stuck");
    await publishAll("stuck", [1, 2, 3]);
    await until("a first attempt", () => recording.stats.received === 3 && recording.stats.lastError !== null);
    await assert.rejects(recording.stop({ within: 50 }), { code: "unavailable", message: /^3 messages that were received could not be passed on/ });
    await assert.rejects(recording.ended, { code: "unavailable" });
    assert.deepEqual([recording.stats.pushed, recording.stats.buffered], [0, 3]);
  });

  it("end after a limit", async () => {
    const recording = await queues.tapInto("limited", "limited", { limit: 2 });
    await publishAll("limited", [1, 2, 3]);
    assert.equal((await recording.ended).pushed, 2);
    await assert.rejects(queues.tapInto("limited", "limited", { limit: 0 }), { code: "invalid-input", field: "limit" });
  });

  it("refuse a queue's bad name, a missing queue that may not be created, and a read-only one", async (context) => {
    await assert.rejects(queues.tapInto("a", " bad "), { code: "invalid-input", field: "queue" });
    await assert.rejects(queues.tapInto("a", "not-there", { create: false }), { code: "queue-not-found" });
    await assert.rejects(queues.tapInto("_INBOX.>", "loop"), { code: "invalid-input", field: "subjects" });
    const reader = await opened(server, await temporaryFolder(context), { readOnly: true });
    await assert.rejects(reader.queues.tapInto("a", "a"), { code: "read-only" });
    await assert.rejects(reader.queues.bridge("a", "b"), { code: "read-only" });
    await reader.queues.close();
  });

  it("go into a queue of another connection", async (context) => {
    await using file = await connect(`file:${join(await temporaryFolder(context), "other.db")}`);
    await using recording = await queues.tapInto("elsewhere", "kept", { store: file });
    await queues.publish("elsewhere", "here");
    await until("it to be pushed", () => settled(recording, 1));
    assert.equal((await file.queue("kept").pop())[0]?.data, "here");
  });

  it("are stopped, and what was heard is pushed, when their connection is closed", async (context) => {
    const folder = await temporaryFolder(context);
    const other = await opened(server, folder);
    const tap = await other.queues.tap("closing");
    const recording = await other.queues.tapInto("closing", "closing");
    await publishAll("closing", Array.from({ length: 500 }, (_, i) => i));
    await until("some to arrive", () => recording.stats.received > 0);
    await other.queues.close();
    assert.equal(await tap.ended, null);
    const { received, pushed } = await recording.ended;
    assert.equal(received, pushed);
    await using file = await connect(`file:${join(folder, "queues.db")}`);
    assert.equal((await file.queue("closing").stats()).messages, pushed);
  });

  it("need NATS", async (context) => {
    await using file = await connect(`file:${join(await temporaryFolder(context), "plain.db")}`);
    for (const attempt of [file.tap("a"), file.tapInto("a", "b"), file.bridge("a", "b"), file.publish("a"), file.request("a")]) {
      await assert.rejects(attempt, { code: "unsupported", message: /NATS/ });
    }
  });
});

describe("bridges of the library", { skip: natsSkip(), timeout: 120_000 }, () => {
  let server: NatsServer;
  let queues: Connection;
  let handle: NatsHandle;
  const folder = fixture();
  before(async () => {
    server = await startNatsServer({ jetstream: false });
    ({ queues, handle } = await opened(server, await folder.make()));
  });
  after(async () => {
    await queues.close();
    await server.stop();
    await folder.remove();
  });

  it("pass on what arrives as it is, in order, and answers go back to who asked", async () => {
    await using bridge = await queues.bridge("plain.in", "plain.out");
    await using out = await queues.tap("plain.out");
    for (let i = 0; i < 50; i++) await queues.publish("plain.in", i, { headers: { n: [String(i), "x"] } });
    const asked = queues.request("plain.in", "who?", { timeout: "10s" });
    await until("all to come out", () => out.size === 51);
    const arrived = await out.pop({ batch: 100 });
    assert.deepEqual(arrived.slice(0, 50).map(({ data, headers }) => [data, headers["n"]]), Array.from({ length: 50 }, (_, i) => [i, [String(i), "x"]]));
    await arrived[50]?.respond("me");
    assert.equal((await asked).data, "me");
    assert.equal(bridge.stats.published, 51);
  });

  it("take tokens of the source over into the destination", async () => {
    const bridges = [await queues.bridge(["map.*.from.*"], "mapped.$2.$1"), await queues.bridge("tree.>", "copy.tree.>")];
    await using out = await queues.tap(["mapped.>", "copy.>"]);
    await queues.publish("map.a.from.b", 1);
    await queues.publish("tree.x.y", 2);
    assert.deepEqual((await collected(out, 2)).sort(), ["copy.tree.x.y 2", "mapped.b.a 1"]);
    await Promise.all(bridges.map((bridge) => bridge.stop()));
  });

  it("transform messages: data, subject and headers, or leave them out; a failure costs one message only", async () => {
    await using bridge = await queues.bridge("raw", "cooked", {
      concurrency: 4,
      transform: async (message) => {
        const n = message.data as number;
        // The later ones are done first.
        await new Promise((done) => { setTimeout(done, 20 - 2 * n); });
        if (n === 0) return message;
        if (n === 1) return undefined;
        if (n === 2) return { doubled: n * 2 };
        if (n === 3) return { data: "three", subject: "cooked.elsewhere", headers: { own: "yes" } };
        if (n === 4) throw new Error("no fours");
        if (n === 5) return { data: 5, subject: "raw" };
        if (n === 6) return { data: 6, subject: "not a subject" };
        if (n === 7) return Uint8Array.of(55);
        return "last";
      },
    });
    await using out = await queues.tap(["cooked", "cooked.>"]);
    for (let n = 0; n < 9; n++) await queues.publish("raw", n, { headers: { n: String(n) } });
    await until("all to be dealt with", () => settled(bridge, 9));
    await out.stop();
    const arrived = await out.pop({ batch: 100 });
    assert.deepEqual(arrived.map(({ subject, text, headers }) => [subject, text, headers]), [
      ["cooked", "0", { n: "0" }],
      ["cooked", '{"doubled":4}', { n: "2" }],
      ["cooked.elsewhere", "three", { own: "yes" }],
      ["cooked", "7", { n: "7" }],
      ["cooked", "last", { n: "8" }],
    ]);
    const { published, skipped, failed } = bridge.stats;
    assert.deepEqual({ published, skipped, failed }, { published: 5, skipped: 1, failed: 3 });
  });

  it("share the work within a queue group", async () => {
    const both = [await queues.bridge("shared.in", "shared.out", { group: "g" }), await queues.bridge("shared.in", "shared.out", { group: "g" })];
    await using out = await queues.tap("shared.out");
    for (let i = 0; i < 100; i++) await queues.publish("shared.in", i);
    await until("all to come out", () => out.size === 100);
    const stats = await Promise.all(both.map((bridge) => bridge.stop()));
    assert.equal(stats.reduce((sum, { published }) => sum + published, 0), 100);
    assert.equal(out.size, 100);
  });

  it("refuse destinations that lead back to their source, or that they can't name", async () => {
    for (const [from, to] of [["a.>", "a.copy"], ["a.*", "a.b"], [">", "b"], ["a", "a"], ["a.>", "a.copy.>"], ["a.*.c", "a.b.$1"]] as const) {
      await assert.rejects(queues.bridge(from, to), { code: "invalid-input", field: "to" }, `${from} to ${to}`);
    }
    await assert.rejects(queues.bridge("a", "b.*"), { code: "invalid-input", field: "to" });
    await assert.rejects(queues.bridge("a b", "b"), { code: "invalid-input", field: "from" });
    await assert.rejects(queues.bridge("a", "b", { concurrency: 0 }), { code: "invalid-input", field: "concurrency" });
  });

  it("go on after the server was away, with what they had in hand", async () => {
    await using out = await queues.tap("away.out");
    let proceed = (): void => undefined;
    const proceeding = new Promise<void>((resolve) => { proceed = resolve; });
    let began = false;
    await using bridge = await queues.bridge("away.in", "away.out", { transform: async (message) => {
      began = true;
      await proceeding;
      return message;
    } });
    await queues.publish("away.in", "kept");
    await until("it to be in hand", () => began);
    await server.kill();
    await until("the loss to be noticed", () => handle.status.state === "lost");
    proceed();
    await until("a failed attempt", () => bridge.stats.lastError !== null);
    await server.start();
    assert.deepEqual(await collected(out, 1), ["away.out kept"]);
    await until("the confirmation", () => bridge.stats.published === 1);
    assert.equal(bridge.stats.interruptions, 1);
  });
});
