import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect as connectOld } from "nats";
import { openConnection, type NatsHandle } from "../../src/brokers/jetstream/connection/index.ts";
import { openSubjects, type OpenSubjects } from "../../src/brokers/jetstream/taps/index.ts";
import type { ArrivedMessage, SubjectTap, TapRequest } from "../../src/core/index.ts";
import { type NatsServer, natsSkip, startNatsServer } from "../support/nats-server.ts";
import { startProxy } from "../support/proxy.ts";
import { until } from "../support/until.ts";

const text = (message: ArrivedMessage | undefined): string => Buffer.from(message?.data ?? []).toString();
const message = (subject: string, data = ""): { subject: string; data: Uint8Array } => ({ subject, data: Buffer.from(data) });

/** Everything that has arrived, once `count` messages have. */
async function taken(tap: SubjectTap, count: number): Promise<string[]> {
  const all: string[] = [];
  while (all.length < count) {
    const some = await tap.take(count, { wait: 20_000 });
    assert.ok(some.length > 0, `only ${all.length} of ${count} messages arrived: ${all.join(", ")}`);
    all.push(...some.map((one) => `${one.subject} ${text(one)}`.trim()));
  }
  return all;
}

const CONFIG = `
  max_payload: 4096
  authorization { users: [
    { user: all, password: all }
    { user: some, password: some, permissions: { publish: { deny: ["secret.>"] }, subscribe: { deny: ["secret.>"] } } }
  ] }`;

for (const version of ["newest", "2.9"] as const) {
  describe(`taps on nats-server ${version}`, { skip: natsSkip(version), timeout: 120_000 }, () => {
    let server: NatsServer;
    let handle: NatsHandle;
    let subjects: OpenSubjects;
    before(async () => {
      server = await startNatsServer({ version, config: CONFIG });
      handle = await openConnection({ url: server.url, user: "all", password: "all" });
      subjects = openSubjects(handle);
    });
    after(async () => {
      await subjects.close();
      await handle.close();
      await server.stop();
    });
    const tapping = async (filters: string | string[], request?: TapRequest): Promise<SubjectTap> => subjects.tap(typeof filters === "string" ? [filters] : filters, request);

    it("listen to several subjects with wildcards, in order, with headers, reply and bytes as they were sent", async () => {
      const tap = await tapping(["orders.*.created", "payments.>"]);
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await subjects.publish([
        message("orders.eu.created", "1"),
        message("orders.eu.deleted", "not heard"),
        { subject: "payments.eu.card", data: bytes, headers: { "X-One": "1", Many: ["a", "b"], empty: "" }, reply: "answers.here" },
        message("payments.us"),
      ]);
      const arrived = [...await tap.take(1), ...await tap.take(10)];
      while (arrived.length < 3) arrived.push(...await tap.take(10));
      assert.deepEqual(arrived.map(({ subject }) => subject), ["orders.eu.created", "payments.eu.card", "payments.us"]);
      const [first, second, third] = arrived;
      assert.equal(text(first), "1");
      assert.deepEqual(second?.data, bytes);
      assert.deepEqual(second.headers, { "X-One": "1", Many: ["a", "b"], empty: "" });
      assert.equal(second.reply, "answers.here");
      assert.deepEqual([third?.headers, third?.reply, third?.data.byteLength], [{}, undefined, 0]);
      await tap.stop();
    });

    it("hear a message once, however many of their subjects match it", async () => {
      const tap = await tapping(["once.a.*", "once.*.b", "once.>", "once.a.b", "once.>", "other.*.b", "other.a.*"]);
      await subjects.publish([message("once.a.b", "1"), message("other.a.b", "2"), message("other.x.b", "3"), message("other.a.x", "4")]);
      assert.deepEqual(await taken(tap, 4), ["once.a.b 1", "other.a.b 2", "other.x.b 3", "other.a.x 4"]);
      await tap.stop();
      assert.equal(tap.stats.received, 4);
    });

    it("share the messages within a queue group, each of them once, with overlapping subjects too", async () => {
      const taps = [await tapping(["work.a.*", "work.*.b"], { group: "g" }), await tapping(["work.a.*", "work.*.b"], { group: "g" })];
      const outside = await tapping("work.>");
      await subjects.publish(Array.from({ length: 200 }, (_, i) => message("work.a.b", String(i))));
      await taken(outside, 200);
      await Promise.all(taps.map((tap) => tap.stop()));
      const shares = taps.map((tap) => tap.buffered().map(text));
      assert.deepEqual(shares.flat().map(Number).sort((a, b) => a - b), Array.from({ length: 200 }, (_, i) => i));
      assert.ok(shares.every(({ length }) => length > 0), "both got some");
      await outside.stop();
    });

    it("keep the latest when the buffer is full, or the first, and count what they dropped", async () => {
      const latest = await tapping("full", { buffer: 3 });
      const first = await tapping("full", { buffer: 3, overflow: "drop-newest" });
      const small = await tapping("full", { bufferBytes: 500 });
      const all = await tapping("full");
      await subjects.publish(Array.from({ length: 10 }, (_, i) => message("full", String(i))));
      await taken(all, 10);
      await until("all to arrive", () => [latest, first, small].every(({ stats }) => stats.received === 10));
      assert.deepEqual(latest.buffered().map(text), ["7", "8", "9"]);
      assert.deepEqual(first.buffered().map(text), ["0", "1", "2"]);
      assert.deepEqual(small.buffered().map(text), ["8", "9"]);
      assert.deepEqual([latest, first, small, all].map(({ stats }) => stats.dropped), [7, 7, 8, 0]);
      assert.equal(first.clear(), 3);
      assert.deepEqual([first.stats.buffered, first.stats.bufferedBytes], [0, 0]);
      await Promise.all([latest, first, small, all].map((tap) => tap.stop()));
    });

    it("show what people say, and the talk of clients and servers only where a subject names it", async () => {
      const everything = await tapping(">");
      const inboxes = await tapping("_INBOX.>");
      const answering = await tapping("question");
      const asked = subjects.request(message("question", "?"));
      const [question] = await answering.take(1);
      await subjects.publish([message(question?.reply ?? "", "!"), message("$JS.EVENT.ADVISORY.x", "event"), message("end")]);
      assert.equal(text(await asked), "!");
      assert.deepEqual(await taken(everything, 2), ["question ?", "end"]);
      assert.equal(text((await inboxes.take(1))[0]), "!");
      await Promise.all([everything, inboxes, answering].map((tap) => tap.stop()));
      const [named, passed, whole] = [await tapping("$JS.EVENT.>"), await tapping(["$JS.EVENT.>", ">"], { internal: false }), await tapping(">", { internal: true })];
      await subjects.publish([message("$JS.EVENT.ADVISORY.x"), message("$JS.EVENT.ADVISORY.API"), message("qs.queue"), message("me")]);
      assert.deepEqual(await taken(whole, 4), ["$JS.EVENT.ADVISORY.x", "$JS.EVENT.ADVISORY.API", "qs.queue", "me"]);
      assert.deepEqual(await taken(named, 2), ["$JS.EVENT.ADVISORY.x", "$JS.EVENT.ADVISORY.API"]);
      assert.deepEqual(await taken(passed, 2), ["$JS.EVENT.ADVISORY.x", "me"]);
      await Promise.all([named, passed, whole].map((tap) => tap.stop()));
      await assert.rejects(tapping("_INBOX.>", { internal: false }), { code: "invalid-input", field: "subjects" });
    });

    it("wait for a message as long as they are told, and tell who watches", async () => {
      const tap = await tapping("later");
      assert.deepEqual(await tap.take(1, { wait: 0 }), []);
      const gone = new AbortController();
      const waiting = tap.take(1, { signal: gone.signal });
      gone.abort();
      assert.deepEqual(await waiting, []);
      let told = 0;
      const watch = tap.watch(() => { told += 1; });
      const next = tap.take(5);
      await subjects.publish([message("later", "now")]);
      assert.deepEqual((await next).map(text), ["now"]);
      await until("the watcher to be told", () => told > 0);
      watch.close();
      await tap.stop();
    });

    it("end after what had been sent before has arrived; what waits can still be taken", async () => {
      const tap = await tapping("last");
      await subjects.publish(Array.from({ length: 100 }, (_, i) => message("last", String(i))));
      await tap.stop();
      assert.equal(await tap.ended, null);
      await subjects.publish([message("last", "too late")]);
      assert.equal((await tap.take(1000)).length, 100);
      assert.deepEqual(await tap.take(1), []);
    });

    it("are refused, with the subject, where a permission is missing; everything else goes on", async () => {
      const limited = await openConnection({ url: server.url, user: "some", password: "some" });
      const some = openSubjects(limited);
      try {
        await assert.rejects(some.tap(["open.a", "secret.a"]), { code: "permission-denied", message: /secret\.a/ });
        await assert.rejects(some.tap(["secret.a"], { group: "g" }), { code: "permission-denied", message: /secret\.a/ });
        await assert.rejects(some.publish([message("secret.a", "x")]), { code: "permission-denied", message: /secret\.a/ });
        await assert.rejects(some.request(message("secret.a", "x"), { timeout: 10_000 }), { code: "permission-denied" });
        const tap = await some.tap(["open.a"]);
        await some.publish([message("open.a", "heard")]);
        assert.deepEqual(await taken(tap, 1), ["open.a heard"]);
      } finally {
        await some.close();
        await limited.close();
      }
    });

    it("refuse bad input with its field, and what a server of this size doesn't take", async () => {
      for (const [filters, field] of [[[], "subjects"], [["a b"], "subject"], [["a", "b..c"], "subjects[1]"], [["a.>.b"], "subject"]] as const) {
        await assert.rejects(subjects.tap(filters), { code: "invalid-input", field });
      }
      for (const [request, field] of [[{ buffer: 0 }, "buffer"], [{ bufferBytes: 1.5 }, "bufferBytes"], [{ overflow: "block" as never }, "overflow"], [{ group: "a b" }, "group"]] as const) {
        await assert.rejects(subjects.tap(["a"], request), { code: "invalid-input", field });
      }
      await assert.rejects(subjects.publish([message("a.*")]), { code: "invalid-input", field: "subject" });
      await assert.rejects(subjects.publish([message("a"), { ...message("b"), headers: { "x:y": "" } }]), { code: "invalid-input", field: "messages[1].headers" });
      const tap = await tapping("large");
      await subjects.publish([{ subject: "large", data: new Uint8Array(4096 - 12 - 7), headers: { a: "bc" } }]);
      assert.equal((await tap.take(1))[0]?.data.byteLength, 4096 - 12 - 7);
      await assert.rejects(subjects.publish([{ subject: "large", data: new Uint8Array(4096 - 12 - 6), headers: { a: "bc" } }]), { code: "payload-too-large" });
      await tap.stop();
    });

    it("of a read-only connection listen, but take nothing from a group and publish nothing", async () => {
      const reader = openSubjects(handle, { readOnly: true });
      const tap = await reader.tap(["seen"]);
      await subjects.publish([message("seen", "1")]);
      assert.deepEqual(await taken(tap, 1), ["seen 1"]);
      await assert.rejects(reader.tap(["seen"], { group: "g" }), { code: "read-only" });
      await assert.rejects(reader.publish([message("seen")]), { code: "read-only" });
      await assert.rejects(reader.request(message("seen")), { code: "read-only" });
      await reader.close();
    });

    it("say when nobody answers, and when nobody answers in time", async () => {
      await assert.rejects(subjects.request(message("nobody.there")), { code: "unavailable", message: /Nobody answers on nobody\.there/ });
      const silent = await tapping("silent");
      await assert.rejects(subjects.request(message("silent"), { timeout: 50 }), { code: "unavailable", message: /in time/ });
      const abort = new AbortController();
      const request = subjects.request(message("silent"), { timeout: 60_000, signal: abort.signal });
      abort.abort(new Error("enough"));
      await assert.rejects(request, /enough/);
      await silent.stop();
    });

    it("work on a caller's connection of nats 2.x, and leave it open", async () => {
      const nc = await connectOld({ servers: server.url, user: "some", pass: "some" });
      try {
        const old = openSubjects(await openConnection({ connection: nc }));
        const tap = await old.tap(["old.>"], { group: "g" });
        await old.publish([{ ...message("old.one", "1"), headers: { a: ["x", "y"] } }]);
        const [one] = await tap.take(1, { wait: 20_000 });
        assert.deepEqual([one?.subject, text(one), one?.headers], ["old.one", "1", { a: ["x", "y"] }]);
        await assert.rejects(old.tap(["secret.a"]), { code: "permission-denied", message: /secret\.a/ });
        await assert.rejects(old.publish([message("secret.a")]), { code: "permission-denied", message: /secret\.a/ });
        await assert.rejects(old.request(message("nobody.there")), { code: "unavailable", message: /Nobody answers/ });
        await old.close();
        assert.equal(nc.isClosed(), false);
        await nc.flush();
      } finally {
        await nc.close();
      }
    });
  });
}

describe("taps when the server goes", { skip: natsSkip(), timeout: 120_000 }, () => {
  it("count each interruption and go on when it is back", async (context) => {
    await using server = await startNatsServer({ jetstream: false });
    const handle = await openConnection({ url: server.url, reconnect: { wait: 20, maxWait: 100 } });
    context.after(() => handle.nc.close());
    const subjects = openSubjects(handle);
    const tap = await subjects.tap(["a.>"]);
    await server.restart("SIGKILL");
    await until("the connection to be back", () => handle.status.state === "restored");
    await subjects.publish([message("a.b", "after")]);
    assert.deepEqual(await taken(tap, 1), ["a.b after"]);
    assert.equal(tap.stats.interruptions, 1);
    await subjects.close();
    await handle.close();
  });

  it("end with the reason when the connection is closed for good; a publication that isn't confirmed says so", async (context) => {
    await using server = await startNatsServer({ jetstream: false });
    await using proxy = await startProxy(server.url);
    const handle = await openConnection({ url: proxy.url });
    context.after(() => handle.nc.close());
    const subjects = openSubjects(handle);
    const tap = await subjects.tap(["a.>"]);
    await subjects.publish([message("a.b", "1")]);
    await until("it to arrive", () => tap.stats.buffered === 1);
    proxy.drop();
    await assert.rejects(subjects.publish([message("a.b", "2")], { timeout: 100 }), { code: "unavailable", message: /may have been sent/ });
    await handle.nc.close();
    assert.match(String(await tap.ended), /closed/);
    assert.deepEqual((await tap.take(10)).map(text), ["1"]);
    await assert.rejects(tap.take(10), { code: "unavailable", ended: true });
    await assert.rejects(subjects.publish([message("a.b")]), { code: "unavailable", ended: true });
    await assert.rejects(subjects.tap(["a.b"]), { code: "unavailable", ended: true });
    await tap.stop();
    await subjects.close();
  });
});
