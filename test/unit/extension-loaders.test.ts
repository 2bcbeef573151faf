import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { type Broker, jsonTextPayload } from "../../src/core/index.ts";
import { Connection } from "../../src/extension/connections/connection.ts";
import { openBroker } from "../../src/extension/connections/library.ts";
import { loadDeadLetters, loadDeadQueues, redriveSteps, shownDeadQueues, waitingNow } from "../../src/extension/loaders/deadLetters.ts";
import { Paging } from "../../src/extension/loaders/paging.ts";
import { purgeable } from "../../src/extension/loaders/purgeable.ts";
import { loadQueuesChildren, queueNames, type QueuesRequest } from "../../src/extension/loaders/queues.ts";
import { connectionWith } from "../../src/extension/loaders/whereIs.ts";
import { loadWorkers, workerInstances } from "../../src/extension/loaders/workers.ts";
import { listKey, nodeKey, type QueueNode, type QueuesNode, type SectionNode } from "../../src/extension/models/nodes.ts";
import { PoppedMessages } from "../../src/extension/models/popped.ts";
import { until } from "../support/until.ts";

/** A folder with a real local file, looked at as the views do. */
class Folder {
  readonly path: string;
  readonly connection: Connection;
  readonly paging = new Paging();
  readonly popped = new PoppedMessages({ get: () => [], set: () => Promise.resolve() });
  changes = 0;

  constructor(path: string) {
    this.path = path;
    const plan = { id: "c1", label: "shop", url: join(path, ".queuescope", "queues.db"), readOnly: false, credentials: undefined };
    const log = { warn: unexpected, error: unexpected };
    this.connection = new Connection({ id: plan.id, label: plan.label, folder: path }, (create) => openBroker(plan, { folder: path, create, encryptionKey: undefined, log }), { data: () => { this.changes += 1; }, state: () => undefined });
  }

  children(parent: QueuesNode, change: Partial<QueuesRequest> = {}): Promise<QueuesNode[]> {
    return loadQueuesChildren(parent, { paging: this.paging, popped: this.popped, queueFilter: "", partitionFilter: () => "", ...change });
  }

  queues(change: Partial<QueuesRequest> = {}): Promise<QueuesNode[]> {
    return this.children({ kind: "connection", connection: this.connection }, change);
  }

  async queue(name: string): Promise<QueueNode> {
    const found = (await this.queues()).find((node): node is QueueNode => node.kind === "queue" && node.queue.name === name);
    assert.ok(found !== undefined);
    return found;
  }

  async section(queue: string, section: SectionNode["section"]): Promise<SectionNode> {
    const found = (await this.children(await this.queue(queue))).find((node): node is SectionNode => node.kind === "section" && node.section === section);
    assert.ok(found !== undefined, section);
    return found;
  }
}

function unexpected(line: string): never {
  throw new Error(line);
}

async function makeFolder(): Promise<Folder> {
  return new Folder(await mkdtemp(join(tmpdir(), "queuescope-views-")));
}

async function removeFolder(folder: Folder): Promise<void> {
  await folder.connection.close();
  await rm(folder.path, { recursive: true });
}

const message = (n: number, more: object = {}) => ({ payload: jsonTextPayload(String(n)), ...more });

describe("the Queues view of a folder without queues", () => {
  let folder: Folder;
  before(async () => { folder = await makeFolder(); });
  after(() => removeFolder(folder));

  it("shows that there are none, and creates no file by looking", async () => {
    assert.deepEqual((await folder.queues()).map(({ kind }) => kind), ["note"]);
    assert.equal(folder.connection.state, "absent");
    await assert.rejects(stat(join(folder.path, ".queuescope")));
  });

  it("creates the file with the first change, and shows what another connection makes", async () => {
    const broker = await folder.connection.open();
    await broker.queues.create("orders");
    assert.equal(folder.connection.state, "open");
    assert.deepEqual((await folder.queues()).map(({ kind }) => kind), ["queue"]);
  });
});

describe("the views of a folder with queues", () => {
  let folder: Folder;
  let broker: Broker;

  before(async () => {
    folder = await makeFolder();
    broker = await folder.connection.open();
    await broker.messages.push("orders", Array.from({ length: 250 }, (_, n) => message(n, { partition: `customer-${String(n).padStart(3, "0")}` })));
    await broker.messages.push("orders", [message(1, { partition: "customer-007" }), message(2, { partition: "customer-007" }), message(3, { deliverAt: Date.now() + 3_600_000 })]);
    await broker.messages.push("mail", [message(1), message(2), message(3)]);
  });
  after(() => removeFolder(folder));

  it("show each queue's rows with their counts", async () => {
    const sections = await folder.children(await folder.queue("orders"));
    assert.deepEqual(sections.map((node) => node.kind === "section" && [node.section, node.count]), [["ready", 252], ["scheduled", 1], ["leased", 0], ["dead", 0], ["partitions", 250], ["groups", 0]]);
  });

  it("show the worst partition first, a hundred rows, and more on demand", async () => {
    const section = await folder.section("orders", "partitions");
    const rows = await folder.children(section);
    assert.equal(rows.length, 101);
    const [first] = rows;
    assert.ok(first?.kind === "partition");
    assert.deepEqual([first.partition.name, first.partition.lag], ["customer-007", 3]);
    assert.deepEqual(rows.at(-1), { kind: "more", list: listKey(section), remaining: 150 });
    folder.paging.more(listKey(section));
    folder.paging.more(listKey(section));
    assert.equal((await folder.children(section)).length, 250);
    folder.paging.reset(listKey(section));
  });

  it("show only partitions whose name has the filter", async () => {
    const section = await folder.section("orders", "partitions");
    const names = (await folder.children({ ...section, filter: "-00" })).map((node) => node.kind === "partition" && node.partition.name);
    assert.equal(names.length, 10);
    assert.deepEqual((await folder.children({ ...section, filter: "nobody" })).map((node) => node.kind === "note" && node.note), ["noMatch"]);
  });

  it("show only queues whose name has the filter", async () => {
    assert.deepEqual((await folder.queues({ queueFilter: "MAI" })).map((node) => node.kind === "queue" && node.queue.name), ["mail"]);
    assert.deepEqual((await folder.queues({ queueFilter: "nothing" })).map((node) => node.kind === "note" && node.note), ["noMatch"]);
  });

  it("give the same row the same key after each load, and different rows different ones", async () => {
    const load = async (): Promise<string[]> => {
      const queues = await folder.queues();
      const below = await Promise.all(queues.map((queue) => folder.children(queue)));
      const messages = await Promise.all(below.flat().map((section) => folder.children(section)));
      return [...queues, ...below.flat(), ...messages.flat()].map(nodeKey);
    };
    const keys = await load();
    assert.deepEqual(await load(), keys);
    assert.equal(new Set(keys).size, keys.length);
  });

  it("let a message that was popped here be settled, one that somebody else popped not", async () => {
    const mine = await broker.messages.pop("mail", { batch: 1 });
    await broker.messages.pop("mail", { batch: 1 });
    await folder.popped.add(folder.connection.id, mine);
    const rows = await folder.children(await folder.section("mail", "leased"));
    assert.deepEqual(rows.map((node) => node.kind === "message" && (node.popped === undefined ? "theirs" : "mine")), ["mine", "theirs"]);
  });

  it("show dead letters of every group by queue, and not those that were redriven", async () => {
    const dead = await broker.messages.pop("orders", { batch: 3, group: "billing" });
    await broker.messages.settle(dead.flatMap(({ receipt }) => (receipt === null ? [] : [{ action: "dead" as const, receipt, error: { message: "no stock" } }])));
    assert.deepEqual((await loadDeadQueues(folder.connection)).map(({ queue, count }) => [queue, count]), [["orders", 3]]);
    assert.equal((await folder.queue("orders")).dead, 3);
    const [queue] = await loadDeadQueues(folder.connection);
    assert.ok(queue !== undefined);
    const [first] = await loadDeadLetters(queue, folder.paging);
    assert.ok(first?.kind === "deadLetter");
    assert.equal(first.deadLetter.error, "no stock");
    await broker.repair.redrive("orders", { filter: { ids: [first.deadLetter.id] } });
    assert.equal((await loadDeadLetters(queue, folder.paging)).length, 2);
  });

  it("find dead letters however many queues there are, the most first, a hundred queues at a time", async () => {
    const many = await makeFolder();
    try {
      const file = await many.connection.open();
      for (let i = 0; i < 2_300; i++) await file.queues.create(`q${i}`);
      const kill = async (queue: string, count: number): Promise<void> => {
        await file.messages.push(queue, Array.from({ length: count }, (_, n) => message(n)));
        const popped = await file.messages.pop(queue, { batch: count });
        await file.messages.settle(popped.flatMap(({ receipt }) => (receipt === null ? [] : [{ action: "dead" as const, receipt }])));
      };
      for (let i = 2_150; i < 2_300; i++) await kill(`q${i}`, i === 2_299 ? 3 : 1);
      const queues = await loadDeadQueues(many.connection);
      assert.deepEqual([queues.length, queues[0]?.queue, queues[0]?.count], [150, "q2299", 3]);
      const rows = shownDeadQueues(queues, many.paging);
      const more = rows.at(-1);
      assert.ok(more?.kind === "more");
      assert.deepEqual([rows.length, more.remaining], [101, 50]);
      many.paging.more(more.list);
      assert.equal(shownDeadQueues(queues, many.paging).length, 150);
      const found = await many.queues({ queueFilter: "q2299" });
      assert.deepEqual(found.map((node) => node.kind === "queue" && [node.queue.name, node.dead]), [["q2299", 3]]);
      assert.deepEqual((await queueNames(file, "q2298")).items, ["q2298"]);
    } finally {
      await removeFolder(many);
    }
  });

  it("redrive many named dead letters once each, and end", async () => {
    await broker.queues.create("failing", { retryLimit: 0 });
    await broker.messages.push("failing", Array.from({ length: 250 }, (_, n) => message(n)));
    const fail = async () => {
      const popped = await broker.messages.pop("failing", { batch: 250 });
      await broker.messages.settle(popped.flatMap(({ receipt }) => (receipt === null ? [] : [{ action: "nack" as const, receipt, error: { message: "no" } }])));
    };
    await fail();
    const { items } = await broker.inspect.deadLetters("failing", { limit: 1000 });
    const step = redriveSteps(broker, "failing", { filter: { ids: items.map(({ id }) => id) } });
    const [first, second] = [await step(), await step()];
    assert.deepEqual([first, second], [{ done: 200, more: true }, { done: 50, more: false }]);

    // All that wait are redriven while each dies again at once.
    await fail();
    const filter = waitingNow();
    await until("time to pass", () => Promise.resolve(Date.now() > (filter.to ?? 0)));
    const counted = await broker.inspect.countDeadLetters("failing", filter);
    const all = redriveSteps(broker, "failing", { filter });
    let [done, more] = [0, true];
    while (more) {
      const result = await all();
      await fail();
      done += result.done;
      more = result.more && done < 1000;
    }
    assert.equal(done, counted);
  });

  it("find a message or dead letter in the connection that has it, past one that can't be opened", async () => {
    const connection = (name: string, url: string) => {
      const plan = { id: name, label: name, url, readOnly: false, credentials: undefined };
      return new Connection({ id: name, label: name, folder: folder.path }, (create) => openBroker(plan, { folder: folder.path, create, encryptionKey: undefined, log: { warn: unexpected, error: unexpected } }), { data: () => undefined, state: () => undefined });
    };
    const [broken, empty] = [connection("broken", "nats://live"), connection("empty", join(folder.path, "empty.db"))];
    await empty.open();
    const all = [broken, empty, folder.connection];
    const [letter] = (await broker.inspect.deadLetters("orders", {})).items;
    assert.ok(letter !== undefined);
    assert.equal(await connectionWith(all, letter.id), folder.connection);
    const [pushed] = await broker.messages.push("found", [message(1)]);
    assert.equal(await connectionWith(all, pushed?.id ?? ""), folder.connection);
    assert.equal(await connectionWith(all, "d9-9"), undefined);
    await empty.close();
  });

  it("show the workers of queuescope.json, those that run below them, and others by themselves", async () => {
    const state = { queues: ["mail"], group: "default", host: "here", pid: 1, startedAt: Date.now(), concurrency: 1, status: "idle" as const, current: [], processed: 0, failed: 0, interval: 60_000 };
    await broker.workers.heartbeat({ ...state, id: "w1", name: "send" });
    await broker.workers.heartbeat({ ...state, id: "w2", name: "by hand" });
    const definition = (name: string) => ({ name, folder: folder.path, settings: { queues: ["mail"], handler: "send.ts" } });
    const rows = await loadWorkers(folder.connection, [definition("send"), definition("clean")]);
    assert.deepEqual(rows.map((node) => (node.kind === "workerDefinition" ? [node.definition.name, node.running.length] : node.worker.name)), [["send", 1], ["clean", 0], "by hand"]);
    const [send] = rows;
    assert.ok(send?.kind === "workerDefinition");
    assert.deepEqual(workerInstances(send).map(({ worker }) => worker.id), ["w1"]);
  });

  it("know exactly how many messages a purge takes away", async () => {
    await broker.messages.push("old", [message(1), message(2), message(3), message(4, { partition: "p" }), message(5, { partition: "p" }), message(6, { partition: "p", deliverAt: Date.now() + 3_600_000 })]);
    await broker.messages.pop("old", { batch: 1, group: "a" });
    await broker.messages.pop("old", { batch: 1, group: "b" });
    await broker.messages.pop("old", { partition: "p" });
    const dead = await broker.messages.pop("old");
    await broker.messages.settle(dead.flatMap(({ receipt }) => (receipt === null ? [] : [{ action: "dead" as const, receipt }])));
    for (const partition of ["p", undefined]) {
      const expected = await purgeable(broker, "old", partition);
      assert.ok(expected > 0);
      assert.equal((await broker.repair.purge("old", partition === undefined ? {} : { partition })).removed, expected);
    }
  });

  it("find one partition among thousands whose names hold its own", async () => {
    const others = Array.from({ length: 8_200 }, (_, n) => message(n, { partition: `a-p-${n}` }));
    for (let from = 0; from < others.length; from += 1_000) await broker.messages.push("wide", others.slice(from, from + 1_000));
    await broker.messages.push("wide", [message(1, { partition: "p" })]);
    assert.equal(await purgeable(broker, "wide", "p"), 1);
  });

  it("hear of a change that another connection makes", async () => {
    await using other = await openLocal(join(folder.path, ".queuescope", "queues.db"));
    const before = folder.changes;
    await other.messages.push("mail", [message(9)]);
    const deadline = Date.now() + 10_000;
    while (folder.changes === before && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(folder.changes > before);
  });
});
