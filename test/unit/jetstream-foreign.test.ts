import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { jsonTextPayload, payloadText, payloadValue, textPayload, bytesPayload } from "../../src/core/index.ts";
import type { BrowseRequest, Message, Page } from "../../src/core/index.ts";
import type { QueueFacets } from "../../src/brokers/jetstream/foreign/compose.ts";
import { readTask, writeTask } from "../../src/brokers/jetstream/foreign/task.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ForeignWorld, naqPickle } from "../support/foreign.ts";
import { natsSkip, startNatsServer, type NatsServer, type NatsVersion } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

const JSON_JOB = { job_id: "aa11", enqueue_time: 1_700_000_000, function: "tasks:send", args: [1], kwargs: {}, max_retries: 0, retry_delay: 0, queue_name: "mails", depends_on: [] };

function task(id: string, data: unknown): Uint8Array {
  return writeTask({ id, data: Buffer.from(JSON.stringify(data)), priority: 3, timestamp: Date.now(), retries: 0, custom: { source: "web" } });
}

for (const version of ["newest", "2.9"] as const satisfies readonly NatsVersion[]) {
  describe(`what others keep on JetStream (${version})`, { skip: natsSkip(version) }, () => {
    let server: NatsServer;
    // Of its own for each test: nats-server 2.15 can bring a stream's messages back when it is made anew right after its deletion.
    beforeEach(async () => { server = await startNatsServer({ version }); });
    afterEach(async () => { await server.stop(); });

    function world(options: { readonly readOnly?: boolean } = {}): Promise<ForeignWorld> {
      return ForeignWorld.open(server.url, options);
    }

    describe("streams", () => {
      it("are listed without Queuescope's own, buckets by their own name", async () => {
        await using w = await world();
        await w.makeStream("orders", ["orders.*"]);
        await w.makeStream("QS_hidden", ["hidden"]);
        await w.makeBucket("settings");
        const { items } = await w.foreign.streams.list();
        assert.deepEqual(items.map(({ name, kind, stream }) => [name, kind, stream]), [["settings", "bucket", "KV_settings"], ["orders", "stream", "orders"]]);
        assert.deepEqual((await w.foreign.streams.list({ kind: "bucket" })).items.map(({ name }) => name), ["settings"]);
        assert.deepEqual((await w.foreign.streams.list({ match: "ORD" })).items.map(({ name }) => name), ["orders"]);
      });

      it("show their limits, subjects with counts, and consumers with what is pending", async () => {
        await using w = await world();
        await w.makeStream("orders", ["orders.*"], { max_age: 60_000_000_000 });
        for (const subject of ["orders.a", "orders.a", "orders.b"]) await w.store(subject, "x");
        await w.makeDurable("orders", "billing", "orders.a");
        await w.work("orders", "billing", ["+ACK", null]);
        const details = await w.foreign.streams.get("orders");
        assert.deepEqual([details.retention, details.maxAge, details.lastSequence, details.subjectCount], ["limits", 60_000, 3, 2]);
        assert.deepEqual((await w.foreign.streams.subjects("orders")).items, [{ subject: "orders.a", messages: 2 }, { subject: "orders.b", messages: 1 }]);
        const [consumer] = (await w.foreign.streams.consumers("orders")).items;
        assert.deepEqual([consumer?.name, consumer?.filters, consumer?.pending, consumer?.ackPending, consumer?.ackFloor], ["billing", ["orders.a"], 0, 1, 1]);
      });

      it("page through subjects and messages", async () => {
        await using w = await world();
        await w.makeStream("orders", ["orders.>"]);
        for (let i = 0; i < 7; i++) await w.store(`orders.${i}`, `{"i":${i}}`, { "X-Trace": "t" });
        const first = await w.foreign.streams.subjects("orders", { limit: 5 });
        const second = await w.foreign.streams.subjects("orders", { limit: 5, after: first.next ?? "" });
        assert.deepEqual([...first.items, ...second.items].map(({ subject }) => subject), [0, 1, 2, 3, 4, 5, 6].map((i) => `orders.${i}`));
        assert.equal(second.next, null);
        const seen: unknown[] = [];
        let page = await w.foreign.streams.messages("orders", { limit: 3 });
        for (;;) {
          seen.push(...page.items.map(({ payload }) => payloadValue(payload)));
          if (page.next === null) break;
          page = await w.foreign.streams.messages("orders", { limit: 3, after: page.next });
        }
        assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6].map((i) => ({ i })));
        const [one] = (await w.foreign.streams.messages("orders", { subject: "orders.4" })).items;
        assert.deepEqual([one?.sequence, one?.headers, one?.format], [5, { "X-Trace": "t" }, "json"]);
      });

      it("that allow direct reads are read so, with the same result", async () => {
        await using w = await world();
        await w.makeStream("direct", ["direct.*"], { allow_direct: true });
        await w.store("direct.a", "first", { "X-A": "1" });
        await w.store("direct.b", "second");
        await w.foreign.streams.get("direct");
        const [a, b] = (await w.foreign.streams.messages("direct")).items;
        assert.deepEqual([a?.subject, a?.headers, a === undefined ? "" : payloadText(a.payload), b?.sequence], ["direct.a", { "X-A": "1" }, "first", 2]);
        await assert.rejects(w.foreign.streams.message("direct", 9), { code: "message-not-found" });
      });

      it("show what can't be read raw, and the rest all the same", async () => {
        await using w = await world();
        await w.makeStream("mixed", ["mixed"]);
        await w.store("mixed", naqPickle("cycle"));
        await w.store("mixed", "[".repeat(3_000) + "]".repeat(3_000));
        await w.store("mixed", Buffer.from([0xff, 0x00]));
        await w.store("mixed", "");
        await w.store("mixed", naqPickle("runs-code"));
        await w.store("mixed", task("V1StGXR8_Z5jdHi6B-myT", { to: "a" }));
        const { items } = await w.foreign.streams.messages("mixed");
        assert.deepEqual(items.map(({ format }) => format), ["bytes", "text", "bytes", "text", "pickle", "protoqueue"]);
        assert.match(items[0]?.note ?? "", /refers back to itself/);
      });

      it("that aren't there are named in the error", async () => {
        await using w = await world();
        await assert.rejects(w.foreign.streams.get("nowhere"), { code: "queue-not-found", message: /no stream or bucket "nowhere"/ });
        await assert.rejects(w.foreign.streams.get("a.b >"), { code: "queue-not-found" });
        await assert.rejects(w.foreign.streams.messages("x", { subject: "a..b" }), { code: "invalid-input" });
      });

      it("are unchanged by all of this", async () => {
        await using w = await world();
        await w.makeNaq();
        await w.makeProtoqueue();
        for (let i = 0; i < 3; i++) await w.store("naq.queue.mails", JSON.stringify(JSON_JOB));
        await w.store("naq.failed.mails", naqPickle("failed"));
        await w.put("naq_scheduled_jobs", "5c", naqPickle("schedule"));
        for (let i = 0; i < 3; i++) await w.store("tasks.mail", task(`id-${i}`, { i }));
        await w.work("naq_jobs", "naq-worker-mails", [null]);
        const before = await w.snapshot();
        const { streams, queues } = w.foreign;
        for (const { stream, kind } of (await streams.list()).items) {
          await streams.get(stream);
          await streams.subjects(stream);
          await streams.consumers(stream);
          await streams.messages(stream);
          if (kind === "bucket") await streams.keys(stream);
        }
        for (const { name } of (await queues.list()).items) {
          await queues.stats(name);
          await queues.peek(name);
          for (const message of (await queues.browse(name)).items) await queues.read(message.id);
          await queues.deadLetters(name);
          await queues.leases(name);
        }
        await queues.workers();
        assert.equal(await w.snapshot(), before);
      });
    });

    describe("buckets", () => {
      it("list their keys and show their values, deleted ones as deleted", async () => {
        await using w = await world();
        await w.makeBucket("settings");
        await w.put("settings", "color", '{"value":"red"}');
        await w.put("settings", "size.large", "10");
        await w.store("$KV.settings.gone", "", { "KV-Operation": "DEL" });
        assert.deepEqual((await w.foreign.streams.keys("settings")).items, ["color", "gone", "size.large"]);
        assert.deepEqual((await w.foreign.streams.keys("settings", { match: "LARGE" })).items, ["size.large"]);
        const color = await w.foreign.streams.value("settings", "color");
        assert.deepEqual([color.bucket, color.key, color.operation, payloadText(color.payload)], ["settings", "color", "put", '{"value":"red"}']);
        assert.equal((await w.foreign.streams.value("settings", "gone")).operation, "delete");
        await assert.rejects(w.foreign.streams.value("settings", "never"), { code: "message-not-found" });
      });
    });

    describe("NAQ", () => {
      it("has its queues listed with their counts", async () => {
        await using w = await world();
        await w.makeNaq();
        for (let i = 0; i < 3; i++) await w.store("naq.queue.mails", JSON.stringify(JSON_JOB));
        await w.work("naq_jobs", "naq-worker-mails", ["+ACK", null]);
        await w.store("naq.failed.reports", JSON.stringify({ job_id: "f" }));
        await w.put("naq_scheduled_jobs", "5c", naqPickle("schedule"));
        const { items } = await w.foreign.queues.list();
        assert.deepEqual(items.map(({ name, counts }) => [name, counts.ready, counts.leased, counts.scheduled, counts.dead]), [["naq:mails", 1, 1, 1, 0], ["naq:reports", 0, 0, 0, 1]]);
        assert.equal(items[0]?.options.leaseTime, 60_000);
      });

      it("has its jobs browsed in both forms, leased and ready ones apart, and its schedules behind them", async () => {
        await using w = await world();
        await w.makeNaq();
        await w.store("naq.queue.mails", naqPickle("job"));
        await w.store("naq.queue.mails", JSON.stringify(JSON_JOB));
        await w.store("naq.queue.mails", Buffer.from([0x80, 0x05, 0x00]));
        await w.put("naq_scheduled_jobs", "b'5c'", naqPickle("schedule"));
        await w.work("naq_jobs", "naq-worker-mails", [null]);
        const { items } = await w.foreign.queues.browse("naq:mails");
        assert.deepEqual(items.map(({ id, state, transactionId }) => [id, state, transactionId]), [
          ["naq:job-1", "leased", "0123456789abcdef0123456789abcdef"], ["naq:job-2", "ready", "aa11"], ["naq:job-3", "ready", "naq:job-3"], ["naq:schedule-5c", "scheduled", "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c"],
        ]);
        assert.equal((payloadValue(items[0]?.payload ?? textPayload("")) as { function: string }).function, "json:dumps");
        assert.match(items[2]?.lastError ?? "", /isn't a job of NAQ/);
        assert.equal(items[3]?.until, 4_102_444_800_000);
        assert.match(items[3].lastError ?? "", /paused/);
        assert.deepEqual((await w.foreign.queues.peek("naq:mails")).map(({ id }) => id), ["naq:job-2", "naq:job-3"]);
        assert.deepEqual((await w.foreign.queues.browse("naq:mails", { state: "leased" })).items.map(({ id }) => id), ["naq:job-1"]);
        const first = await w.foreign.queues.browse("naq:mails", { limit: 2 });
        assert.deepEqual((await w.foreign.queues.browse("naq:mails", { after: first.next ?? "" })).items.map(({ id }) => id), ["naq:job-3", "naq:schedule-5c"]);
        for (const limit of [1, 3, 100]) assert.deepEqual(await newestFirst(w.foreign.queues, "naq:mails", limit), items.map(({ id }) => id).reverse(), `the newest first, ${limit} at a time`);
        assert.equal((await w.foreign.queues.read("naq:schedule-5c")).state, "scheduled");
        assert.deepEqual(await w.foreign.queues.exists(["naq:job-1", "naq:job-77", "naq:nonsense"]), ["naq:job-1"]);
      });

      it("takes a job in its JSON form, which its worker gets, once for an id", async () => {
        await using w = await world();
        await w.makeNaq();
        const item = { payload: jsonTextPayload('{"function":"tasks:send","args":[12345678901234567890]}'), transactionId: "order-7" };
        const [pushed] = await w.foreign.queues.push("naq:mails", [item]);
        const [again] = await w.foreign.queues.push("naq:mails", [item]);
        assert.deepEqual([pushed?.status, again?.status, again?.id === pushed?.id], ["queued", "duplicate", true]);
        const stored = await w.api.read("naq_jobs", { last_by_subj: "naq.queue.mails" });
        assert.match(Buffer.from(stored?.data ?? "").toString(), /"job_id": "order-7".*"function": "tasks:send", "args": \[12345678901234567890\].*"queue_name": "mails"/);
        await w.work("naq_jobs", "naq-worker-mails", ["+ACK"]);
        assert.equal((await w.foreign.queues.get("naq:mails")).counts.ready, 0);
      });

      it("refuses what it can't hold, and says what to do", async () => {
        await using w = await world();
        const job = jsonTextPayload('{"function":"tasks:send"}');
        await assert.rejects(w.foreign.queues.push("naq:mails", [{ payload: job }]), { code: "queue-not-found", message: /There is no NAQ here/ });
        await w.makeNaq();
        await assert.rejects(w.foreign.queues.push("naq:bad.name", [{ payload: job }]), { code: "invalid-input" });
        await assert.rejects(w.foreign.queues.push("naq:new", [{ payload: job }], { create: false }), { code: "queue-not-found" });
        await assert.rejects(w.foreign.queues.push("naq:mails", [{ payload: textPayload("hello") }]), { code: "invalid-input" });
        await assert.rejects(w.foreign.queues.push("naq:mails", [{ payload: job, deliverAt: Date.now() + 60_000 }]), { code: "unsupported", message: /scheduler reads pickles only/ });
        await assert.rejects(w.foreign.queues.push("naq:mails", [{ payload: job, partition: "p" }]), { code: "unsupported" });
        await assert.rejects(w.foreign.queues.push("naq:mails", [{ payload: job, headers: { "Nats-Rollup": "all" } }]), { code: "invalid-input" });
        await w.store("naq.queue.mails", naqPickle("job"));
        await assert.rejects(w.foreign.queues.push("naq:mails", [{ payload: job }]), { code: "unsupported", message: /NAQ_JOB_SERIALIZER=json/ });
        assert.equal((await w.foreign.queues.push("naq:new", [{ payload: job }])).length, 1);
      });

      it("shows failed jobs as dead letters, and redrives one with what the record lost, once", async () => {
        await using w = await world();
        await w.makeNaq();
        await w.store("naq.failed.mails", JSON.stringify({ job_id: "feed", enqueue_time: 1_700_000_000.5, function_str: "send_mail", args_repr: "(1,)", kwargs_repr: "{}", max_retries: 3, retry_delay: 0, queue_name: "mails", error: "ValueError: no", traceback: "Traceback..." }));
        const [letter] = (await w.foreign.queues.deadLetters("naq:mails")).items;
        assert.deepEqual([letter?.id, letter?.error, letter?.stack, letter?.attempts, letter?.transactionId, letter?.createdAt], ["naq:failed-1", "ValueError: no", "Traceback...", 4, "feed", 1_700_000_000_500]);
        const own = (): Promise<never> => Promise.reject(new Error("not asked for"));
        await assert.rejects(w.foreign.queues.redrive("naq:mails", { filter: {} }, own), { code: "invalid-input", message: /--data '\{"function": "MODULE:send_mail"\}'/ });
        const request = { filter: { ids: ["naq:failed-1"] }, payload: jsonTextPayload('{"function":"tasks:send_mail"}') };
        const { redriven } = await w.foreign.queues.redrive("naq:mails", request, own);
        assert.deepEqual(redriven, [{ deadLetterId: "naq:failed-1", messageId: "naq:job-1", status: "redriven" }]);
        assert.equal((await w.foreign.queues.redrive("naq:mails", request, own)).redriven[0]?.status, "already-redriven");
        assert.deepEqual((await w.foreign.queues.browse("naq:mails")).items.map(({ transactionId }) => transactionId), ["feed"]);
        assert.deepEqual((await w.foreign.queues.deadLetter("naq:failed-1")).redriven.map(({ messageId }) => messageId), ["naq:job-1"]);
        assert.deepEqual([await w.foreign.queues.countDeadLetters("naq:mails"), await w.foreign.queues.countDeadLetters("naq:mails", { redriven: false })], [1, 0]);
        assert.equal((await w.foreign.queues.redrive("naq:mails", { ...request, again: true }, own)).redriven[0]?.messageId, "naq:job-2");
      });

      it("shows pickled failures, and one that can't be read, beside each other", async () => {
        await using w = await world();
        await w.makeNaq();
        await w.store("naq.failed.mails", naqPickle("failed"));
        await w.store("naq.failed.mails", naqPickle("cycle"));
        const { items } = await w.foreign.queues.deadLetters("naq:mails");
        assert.deepEqual(items.map(({ error }) => error?.slice(0, 20)), ["ValueError: no such ", "It looks like a Pyth"]);
        assert.deepEqual((await w.foreign.queues.deadLetters("naq:mails", { match: "no such address" })).items.map(({ id }) => id), ["naq:failed-1"]);
        assert.deepEqual((await w.foreign.queues.browse("naq:mails", { state: "dead" })).items.map(({ state }) => state), ["dead", "dead"]);
      });

      it("has its workers, and its results by the plain id whichever client wrote them", async () => {
        await using w = await world();
        await w.makeNaq();
        await w.put("naq_workers", "worker-1", JSON.stringify({ worker_id: "worker-1", hostname: "box", pid: 42, queues: ["mails"], status: "busy", current_job_id: "aa11", last_heartbeat_utc: Date.now() / 1000, concurrency: 4 }));
        await w.put("naq_results", "b'aa11'", naqPickle("result"));
        await w.store("naq.queue.mails", JSON.stringify(JSON_JOB));
        const [worker] = await w.foreign.queues.workers();
        assert.deepEqual([worker?.id, worker?.queues, worker?.status, worker?.current, worker?.pid, worker?.live], ["naq:worker-1", ["naq:mails"], "busy", ["aa11"], 42, true]);
        assert.deepEqual((await w.foreign.queues.groups("naq:mails"))[0]?.workers, ["naq:worker-1"]);
        const result = await w.foreign.streams.value("naq_results", "aa11");
        assert.deepEqual([result.key, result.format], ["aa11", "pickle"]);
        assert.match(payloadText(result.payload), /"sent":3/);
      });
    });

    describe("Protoqueue", () => {
      it("is recognised by its durables and by its tasks; other streams aren't", async () => {
        await using w = await world();
        await w.makeProtoqueue();
        await w.makeStream("jobs", ["jobs.*"]);
        await w.store("jobs.resize", task("V1StGXR8_Z5jdHi6B-myT", { w: 1 }));
        await w.makeStream("plain", ["plain.*"]);
        await w.store("plain.a", '{"id":"x"}');
        assert.deepEqual((await w.foreign.queues.list()).items.map(({ name }) => name), ["protoqueue:jobs/jobs.resize", "protoqueue:tasks/tasks.mail"]);
      });

      it("has its tasks browsed the newest first, past those of others", async () => {
        await using w = await world();
        await w.makeProtoqueue();
        const name = "protoqueue:tasks/tasks.mail";
        for (let i = 0; i < 3; i++) await w.store("tasks.mail", task(`old-${i}`, { i }));
        for (let i = 0; i < 40; i++) await w.store("tasks.other", task(`other-${i}`, { i }));
        for (let i = 0; i < 7; i++) await w.store("tasks.mail", task(`new-${i}`, { i }));
        const oldest = (await w.foreign.queues.browse(name)).items.map(({ id }) => id);
        assert.equal(oldest.length, 10);
        for (const limit of [1, 2, 5, 100]) assert.deepEqual(await newestFirst(w.foreign.queues, name, limit), [...oldest].reverse(), `${limit} at a time`);
        assert.deepEqual(await newestFirst(w.foreign.queues, name, 2, { match: "OLD" }), oldest.slice(0, 3).reverse());
      });

      it("has its tasks browsed with ready, leased and completed ones apart", async () => {
        await using w = await world();
        await w.makeProtoqueue();
        for (let i = 0; i < 4; i++) await w.store("tasks.mail", task(`id-${i}`, { i }));
        await w.store("tasks.mail", "no task at all");
        await w.work("tasks", "tasks-tasks-mail-consumer", ["+ACK", null]);
        const name = "protoqueue:tasks/tasks.mail";
        const { items } = await w.foreign.queues.browse(name);
        assert.deepEqual(items.map(({ id, state, transactionId }) => [id, state, transactionId]), [
          ["protoqueue:tasks/1", "completed", "id-0"], ["protoqueue:tasks/2", "leased", "id-1"], ["protoqueue:tasks/3", "ready", "id-2"], ["protoqueue:tasks/4", "ready", "id-3"], ["protoqueue:tasks/5", "ready", "protoqueue:tasks/5"],
        ]);
        assert.deepEqual([items[0]?.priority, items[0]?.headers, payloadValue(items[0]?.payload ?? textPayload(""))], [3, { source: "web" }, { i: 0 }]);
        assert.match(items[4]?.lastError ?? "", /isn't a task of Protoqueue/);
        const { counts, totalDeliveries, firstId, lastId } = await w.foreign.queues.stats(name);
        assert.deepEqual([counts.ready, counts.leased, counts.completed, totalDeliveries, firstId, lastId], [3, 1, 1, 2, "protoqueue:tasks/1", "protoqueue:tasks/5"]);
        assert.deepEqual((await w.foreign.queues.leases(name)).items.map(({ id }) => id), ["protoqueue:tasks/2"]);
      });

      it("takes a task that its worker can read", async () => {
        await using w = await world();
        await w.makeProtoqueue();
        const [pushed] = await w.foreign.queues.push("protoqueue:tasks/tasks.mail", [{ payload: jsonTextPayload('{"to":12345678901234567890}'), priority: 9, headers: { source: "cli" } }]);
        assert.equal(pushed?.id, "protoqueue:tasks/1");
        const stored = await w.api.read("tasks", { seq: 1 });
        const read = readTask(stored?.data ?? new Uint8Array());
        assert.deepEqual([read.id, Buffer.from(read.data).toString(), read.priority, read.retries, read.custom], [pushed.transactionId, '{"to":12345678901234567890}', 9, 0, { source: "cli" }]);
        await w.foreign.queues.push("protoqueue:tasks/tasks.other", [{ payload: textPayload("hi") }]);
        assert.equal(payloadText((await w.foreign.queues.read("protoqueue:tasks/2")).payload), '"hi"');
        await assert.rejects(w.foreign.queues.push("protoqueue:tasks/elsewhere", [{ payload: textPayload("hi") }]), { code: "invalid-input", message: /takes tasks\.>/ });
        await assert.rejects(w.foreign.queues.push("protoqueue:tasks/tasks.mail", [{ payload: bytesPayload(Uint8Array.of(1)) }]), { code: "invalid-input" });
        await assert.rejects(w.foreign.queues.push("protoqueue:nowhere/x", [{ payload: textPayload("hi") }]), { code: "queue-not-found" });
      });

      it("shows terminated tasks as dead letters while connected, and redrives them as they were", async () => {
        await using w = await world();
        await w.makeProtoqueue();
        await w.store("tasks.mail", task("id-0", { i: 0 }));
        const name = "protoqueue:tasks/tasks.mail";
        assert.equal((await w.foreign.queues.deadLetters(name)).items.length, 0);
        await w.work("tasks", "tasks-tasks-mail-consumer", ["+TERM"]);
        const [letter] = await until("the dead letter", async () => {
          const { items } = await w.foreign.queues.deadLetters(name);
          return items.length > 0 && items;
        });
        assert.deepEqual([letter?.id, letter?.messageId, letter?.reason, letter?.attempts, letter?.transactionId], ["protoqueue:tasks/dead-1", "protoqueue:tasks/1", "rejected", 1, "id-0"]);
        assert.equal((await w.foreign.queues.read("protoqueue:tasks/1")).state, "dead");
        assert.equal((await w.foreign.queues.get(name)).counts.dead, 1);
        const { redriven } = await w.foreign.queues.redrive(name, { filter: {} }, () => Promise.resolve([]));
        assert.deepEqual(redriven, [{ deadLetterId: "protoqueue:tasks/dead-1", messageId: "protoqueue:tasks/2", status: "redriven" }]);
        const again = await w.foreign.queues.read("protoqueue:tasks/2");
        assert.deepEqual([again.transactionId, payloadValue(again.payload), again.headers, again.state], ["id-0", { i: 0 }, { source: "web" }, "ready"]);
      });

      it("has its dead letters kept for other processes, once asked to", async () => {
        await using w = await world();
        await w.makeProtoqueue();
        await w.store("tasks.mail", task("id-0", { i: 0 }));
        assert.equal(await w.foreign.streams.keepsDeadLetters(), false);
        await w.foreign.streams.keepDeadLetters(true);
        await w.work("tasks", "tasks-tasks-mail-consumer", ["+TERM"]);
        await using later = await world({ readOnly: true });
        const ids = await until("the kept dead letter", async () => {
          const { items } = await later.foreign.queues.deadLetters("protoqueue:tasks/tasks.mail");
          return items.length > 0 && items.map(({ id }) => id);
        });
        assert.deepEqual(ids, ["protoqueue:tasks/dead-1"]);
        await assert.rejects(later.foreign.streams.keepDeadLetters(false), { code: "read-only" });
        await w.foreign.streams.keepDeadLetters(false);
        assert.equal(await w.foreign.streams.keepsDeadLetters(), false);
      });
    });

    describe("among a broker's own queues", () => {
      async function composed(w: ForeignWorld, folder: string): Promise<QueueFacets & AsyncDisposable> {
        const own = await openLocal(`${folder}/own.db`);
        return { ...w.foreign.compose(own), [Symbol.asyncDispose]: () => own.close() };
      }

      it("they are listed behind them, page after page, and each call finds its way by name and id", async (t) => {
        await using w = await world();
        const folder = await temporaryFolder(t);
        await using broker = await composed(w, folder);
        await w.makeNaq();
        await w.store("naq.queue.mails", JSON.stringify(JSON_JOB));
        await broker.messages.push("orders", [{ payload: textPayload("x") }]);
        const names: string[] = [];
        let after: string | undefined;
        do {
          const page = await broker.queues.list({ limit: 1, ...(after === undefined ? {} : { after }) });
          names.push(...page.items.map(({ name }) => name));
          after = page.next ?? undefined;
        } while (after !== undefined);
        assert.deepEqual(names, ["orders", "naq:mails"]);
        assert.equal((await broker.inspect.peek("naq:mails"))[0]?.id, "naq:job-1");
        assert.equal((await broker.inspect.peek("orders")).length, 1);
        assert.equal((await broker.inspect.traces({ messageId: "naq:job-1" })).items[0]?.type, "pushed");
        await broker.messages.push("naq:mails", [{ payload: jsonTextPayload('{"function":"a:b"}') }]);
        assert.equal((await broker.inspect.stats("naq:mails")).counts.ready, 2);
      });

      it("what can't be done to them is refused with the reason", async (t) => {
        await using w = await world();
        const folder = await temporaryFolder(t);
        await using broker = await composed(w, folder);
        await w.makeNaq();
        for (const act of [
          () => broker.messages.pop("naq:mails"), () => broker.queues.delete("naq:mails"), () => broker.queues.create("naq:x"), () => broker.repair.purge("naq:mails"), () => broker.repair.discard("naq:mails", {}),
          () => broker.repair.remove(["naq:job-1"]), () => broker.repair.seek("naq:mails", "default", "all"), () => broker.messages.transact({ settle: [], push: [{ queue: "naq:mails", items: [] }] }),
        ]) await assert.rejects(act, { code: "unsupported", message: /belongs to NAQ: / });
      });

      it("a dead letter of theirs can become a message of an own queue", async (t) => {
        await using w = await world();
        const folder = await temporaryFolder(t);
        await using broker = await composed(w, folder);
        await w.makeNaq();
        await w.store("naq.failed.mails", naqPickle("failed"));
        const { redriven } = await broker.repair.redrive("naq:mails", { filter: {}, to: "again" });
        assert.equal(redriven[0]?.status, "redriven");
        const [message] = await broker.inspect.peek("again");
        assert.equal((payloadValue(message?.payload ?? textPayload("")) as { function_str: string }).function_str, "send_mail");
      });

      it("a read-only connection pushes and redrives nothing", async (t) => {
        await using w = await world();
        await w.makeNaq();
        await using reader = await world({ readOnly: true });
        const folder = await temporaryFolder(t);
        await using broker = await composed(reader, folder);
        await assert.rejects(broker.messages.push("naq:mails", [{ payload: jsonTextPayload('{"function":"a:b"}') }]), { code: "read-only" });
        await assert.rejects(broker.repair.redrive("naq:mails", { filter: {} }), { code: "read-only" });
      });
    });
  });
}

async function newestFirst(queues: { browse(name: string, request: BrowseRequest): Promise<Page<Message>> }, name: string, limit: number, filter: BrowseRequest = {}): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | undefined, pages = 0; pages < 200; pages++) {
    const { items, next } = await queues.browse(name, { ...filter, order: "newest", limit, after });
    found.push(...items.map(({ id }) => id));
    if (next === null) return found;
    after = next;
  }
  throw new Error("the pages have no end");
}

describe("what others keep, for a user who may not look", { skip: natsSkip() }, () => {
  it("is missing from the list of queues; asked for by name it says which permission is missing", async () => {
    const permissions = '{ publish: { deny: ["$JS.API.STREAM.LIST", "$JS.API.STREAM.INFO.naq_jobs"] } }';
    await using server = await startNatsServer({ config: `authorization { users: [{ user: all, password: all }, { user: few, password: few, permissions: ${permissions} }] }` });
    const as = (user: string): string => server.url.replace("//", `//${user}:${user}@`);
    await using w = await ForeignWorld.open(as("all"));
    await w.makeNaq();
    await w.store("naq.queue.mails", JSON.stringify(JSON_JOB));
    await using few = await ForeignWorld.open(as("few"));
    assert.deepEqual((await few.foreign.queues.list()).items, []);
    await assert.rejects(few.foreign.queues.peek("naq:mails"), { code: "permission-denied", message: /STREAM\.INFO\.naq_jobs/ });
    await assert.rejects(few.foreign.streams.list(), { code: "permission-denied" });
    assert.equal((await few.foreign.streams.get("naq_failed_jobs")).messages, 0);
  });
});
