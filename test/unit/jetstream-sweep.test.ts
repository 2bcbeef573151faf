import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { Api } from "../../src/brokers/jetstream/api.ts";
import { Catalog } from "../../src/brokers/jetstream/catalog.ts";
import { openConnection } from "../../src/brokers/jetstream/connection/index.ts";
import type { NatsHandle } from "../../src/brokers/jetstream/connection/index.ts";
import type { Definition } from "../../src/brokers/jetstream/definition.ts";
import { Engine } from "../../src/brokers/jetstream/engine.ts";
import { sweep } from "../../src/brokers/jetstream/housekeeping/sweep.ts";
import { messagesFacet } from "../../src/brokers/jetstream/messages.ts";
import { Notices } from "../../src/brokers/jetstream/notices.ts";
import { Publisher } from "../../src/brokers/jetstream/publisher.ts";
import { repairFacet } from "../../src/brokers/jetstream/repair/index.ts";
import { Streams } from "../../src/brokers/jetstream/streams.ts";
import { Subjects } from "../../src/brokers/jetstream/subjects.ts";
import { Crypt, readKeys, textPayload } from "../../src/core/index.ts";
import type { PushItem } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import type { NatsServer } from "../support/nats-server.ts";

const DAY = 86_400_000;

describe("what is left of messages that are gone, on NATS", { skip: natsSkip(), timeout: 60_000 }, () => {
  let server: NatsServer;
  let handle: NatsHandle;
  let engine: Engine;
  let queue: Definition;
  let subjects: Subjects;
  let ahead = 0;
  let queues = 0;
  before(async () => {
    server = await startNatsServer();
    handle = await openConnection({ url: server.url });
    const [api, publisher, streams] = [new Api(handle), new Publisher(handle), new Streams(new Api(handle), 1)];
    const now = (): number => Date.now() + ahead;
    engine = new Engine({
      api, publisher, streams, now, catalog: new Catalog(api, publisher, streams, now), notices: new Notices(handle), crypt: new Crypt(readKeys(undefined)), readOnly: false, stamps: true,
      onError: (error) => { throw error; },
    });
  });
  after(async () => {
    await engine.ownership.close();
    await engine.history.close();
    await engine.housekeeping.close();
    engine.close();
    await handle.close();
    await server.stop();
  });
  beforeEach(async () => {
    ahead = 0;
    queue = await engine.catalog.create(`swept-${++queues}`, { trace: "all", retryLimit: 0 });
    subjects = new Subjects(queue.name);
  });

  const push = async (text: string, more: Partial<PushItem> = {}): Promise<string> => (await messagesFacet(engine).push(queue.name, [{ payload: textPayload(text), ...more }]))[0]?.id ?? "";
  const take = async (): Promise<string> => (await messagesFacet(engine).pop(queue.name))[0]?.receipt ?? "";
  const settle = (action: "ack" | "dead", receipt: string) => messagesFacet(engine).settle([{ action, receipt }]);
  const numberOf = (id: string): number => Number(id.split("-")[1]);
  /** As the retirement of completed messages does. */
  const retireAll = () => engine.api.purge(subjects.log, { filter: subjects.messages });
  const timelines = async (): Promise<number[]> => [...(await engine.api.subjects(subjects.log, subjects.allTimelines)).keys()].map((subject) => Number(subject.split(".")[3]));
  const left = async (filter: string): Promise<number[]> => [...(await engine.api.subjects(subjects.state, filter)).keys()].map((subject) => Number(subject.split(".").at(-1)));

  it("goes when everything before the oldest message is swept: timelines, edits, and numbers of scheduled ones", async () => {
    const edited = await push("edited");
    const scheduled = await push("scheduled", { deliverAt: engine.now() + 1_000 });
    ahead = 2_000;
    await repairFacet(engine).edit(edited, { payload: textPayload("new") });
    for (let n = 0; n < 2; n++) await settle("ack", await take());
    await messagesFacet(engine).trace([{ messageId: edited, type: "info", names: ["import"] }]);
    await retireAll();
    const there = await push("there");
    await messagesFacet(engine).trace([{ messageId: there, type: "info" }]);
    assert.ok((await timelines()).includes(numberOf(edited)));
    assert.deepEqual([await left(subjects.edit("*")), await left(subjects.fired("*"))], [[numberOf(edited)], [numberOf(scheduled)]]);

    await sweep(engine, queue);
    assert.deepEqual(await timelines(), [numberOf(there)], "the one that is there keeps its own");
    assert.deepEqual([await left(subjects.edit("*")), await left(subjects.fired("*"))], [[], []]);
    const record = await engine.session(queue, "default").record(queue);
    assert.deepEqual([...(record?.edited.keys() ?? [])], []);
  });

  it("stays where a dead letter, or a message whose time hasn't come, is left", async () => {
    const dead = await push("dead");
    await settle("dead", await take());
    const later = await push("later", { deliverAt: engine.now() + DAY });
    await repairFacet(engine).edit(later, { payload: textPayload("new") });
    await messagesFacet(engine).trace([{ messageId: later, type: "info" }]);
    await retireAll();
    await push("there");
    await sweep(engine, queue);
    const known = await timelines();
    assert.ok(known.includes(numberOf(dead)) && known.includes(numberOf(later)), known.join(" "));
    assert.deepEqual(await left(subjects.edit("*")), [numberOf(later)]);
  });

  it("tells for a week that a message was removed", async () => {
    const removed = await push("removed");
    await repairFacet(engine).remove([removed]);
    await push("there");
    await sweep(engine, queue);
    assert.deepEqual(await timelines(), [numberOf(removed)]);
    ahead = 8 * DAY;
    await sweep(engine, queue);
    assert.deepEqual(await timelines(), []);
  });

  it("goes on behind what has to stay, where that is much", async () => {
    const dead = await push("dead");
    await settle("dead", await take());
    await messagesFacet(engine).trace(Array.from({ length: 700 }, (_, n) => ({ messageId: dead, type: `step ${n}` })));
    const gone = await push("gone");
    await settle("ack", await take());
    await retireAll();
    await push("there");
    assert.ok((await timelines()).includes(numberOf(gone)));
    for (let place = await sweep(engine, queue); place !== null; ) place = await sweep(engine, queue, place);
    const known = await timelines();
    assert.deepEqual([known.includes(numberOf(gone)), known.includes(numberOf(dead))], [false, true]);
  });
});
