import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect } from "@nats-io/transport-node";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { payloadText, textPayload } from "../../src/core/index.ts";
import type { Broker } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import type { NatsServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

describe("repairs on NATS, with another process that has messages in memory", { skip: natsSkip("newest") }, () => {
  let server: NatsServer | undefined;
  let here: Broker;
  let there: Broker;

  before(async () => {
    server = await startNatsServer({ version: "newest" });
    here = await openJetStream({ url: server.url });
    there = await openJetStream({ url: server.url });
  });

  after(async () => {
    await here.close();
    await there.close();
    await server?.stop();
  });

  const push = (queue: string, count: number, partition?: string) =>
    here.messages.push(queue, Array.from({ length: count }, (_, i) => ({ payload: textPayload(String(i)), ...(partition === undefined ? {} : { partition }) })));

  it("a purged message is delivered to nobody, read ahead or not", async () => {
    for (const partition of [undefined, "a"]) {
      const queue = `purged-${partition ?? "none"}`;
      await push(queue, 300, partition);
      const [first] = await there.messages.pop(queue);
      assert.ok(first?.receipt);
      for (let more = true; more; ) more = (await here.repair.purge(queue, { limit: 200 })).more;
      await there.messages.settle([{ action: "ack", receipt: first.receipt }]);
      assert.deepEqual(await there.messages.pop(queue, { batch: 10 }), []);
      await push(queue, 1, partition);
      assert.equal((await there.messages.pop(queue, { batch: 10 })).length, 1);
    }
  });

  it("a group that another process moves back is given everything again", async () => {
    await push("moved", 5);
    const got = await there.messages.pop("moved", { batch: 5 });
    await there.messages.settle(got.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
    assert.deepEqual(await there.messages.pop("moved"), []);
    await here.repair.seek("moved", "default", "all");
    assert.deepEqual((await there.messages.pop("moved", { batch: 5 })).map(({ payload }) => payloadText(payload)), ["0", "1", "2", "3", "4"]);
  });

  it("a message that another process edits comes as it was edited", async () => {
    const [one] = await push("edited", 2);
    const [first] = await there.messages.pop("edited", { group: "reads-ahead" });
    assert.ok(one !== undefined && first?.receipt);
    await there.messages.settle([{ action: "release", receipt: first.receipt }]);
    await here.repair.edit(one.id, { payload: textPayload("new") });
    assert.deepEqual((await there.messages.pop("edited", { group: "reads-ahead", batch: 2 })).map(({ payload }) => payloadText(payload)), ["new", "1"]);
  });

  it("what another process settled isn't refused as leased", async () => {
    const [one] = await push("settled", 1);
    const [held] = await there.messages.pop("settled");
    assert.ok(one !== undefined && held?.receipt);
    assert.equal((await here.messages.settle([{ action: "ack", receipt: held.receipt }]))[0]?.ok, true);
    assert.equal((await there.repair.edit(one.id, { payload: textPayload("corrected") })).id, one.id);
  });

  it("a group that another process deletes is made anew", async () => {
    await push("left", 1);
    const [held] = await there.messages.pop("left");
    assert.ok(held?.receipt);
    await here.repair.deleteGroup("left", "default");
    const [settled] = await there.messages.settle([{ action: "ack", receipt: held.receipt }]);
    assert.equal(settled?.ok, false);
    assert.equal((await there.messages.pop("left")).length, 1);
  });

  it("dead letters that two processes redrive to two queues at once become one message each", async () => {
    await push("died", 40);
    const got = await there.messages.pop("died", { batch: 40 });
    await there.messages.settle(got.map(({ receipt }) => ({ action: "dead", receipt: receipt ?? "" })));
    await Promise.all(["left", "right"].map((name) => here.queues.create(`went-${name}`)));
    const all = (broker: Broker, to: string) => broker.repair.redrive("died", { filter: {}, to });
    const results = await Promise.all([all(here, "went-left"), all(there, "went-right"), all(here, "went-right"), all(there, "went-left")]);
    const made = results.flatMap(({ redriven }) => redriven);
    assert.equal(made.filter(({ status }) => status === "redriven").length, 40);
    assert.ok(made.every(({ messageId }) => messageId !== ""));
    const [left, right] = await Promise.all(["went-left", "went-right"].map(async (queue) => (await here.inspect.stats(queue)).counts.ready));
    assert.equal((left ?? 0) + (right ?? 0), 40);
    const { items } = await here.inspect.deadLetters("died", { limit: 100 });
    assert.ok(items.every(({ redriven }) => redriven.length === 1));
    const [one] = items;
    assert.equal((await here.repair.redrive("died", { filter: { ids: [one?.id ?? ""] }, to: "went-left", again: true })).redriven[0]?.status, "redriven");
  });

  it("dead letters that another process has claimed hold back none of the others", async (t) => {
    await push("some", 3);
    const got = await there.messages.pop("some", { batch: 3 });
    await there.messages.settle(got.map(({ receipt }) => ({ action: "dead", receipt: receipt ?? "" })));
    await here.queues.create("went-on");
    const [taken] = (await here.inspect.deadLetters("some")).items;
    const subject = `qs-s.some.c.${taken?.id.split("-d")[1] ?? ""}`;
    const nc = await connect({ servers: server?.url ?? "" });
    t.after(() => nc.close());
    await nc.request(subject, JSON.stringify({ to: "somewhere", subject: "qs.other.m.0.u.-", once: "redrive", at: Date.now() }));
    const redriven = here.repair.redrive("some", { filter: {}, to: "went-on" });
    await until("the others", async () => (await here.inspect.stats("went-on")).counts.ready === 2);
    await nc.request("$JS.API.STREAM.PURGE.QSS_some", JSON.stringify({ filter: subject }));
    assert.deepEqual((await redriven).redriven.map(({ status }) => status), ["redriven", "redriven", "redriven"]);
  });

  it("a purge of a queue or a partition removes at once what is before the first leased message, and nothing before where it begins", async (t) => {
    for (const [name, filter] of [["whole", {}], ["part", { partition: "a" }]] as const) {
      await push(name, 5, "b");
      await push(name, 1_500, "a");
      const own = await here.inspect.browse(name, { ...filter, limit: 3 });
      await push(name, 500, "a");
      const held = await there.messages.pop(name, { partition: "a", batch: 1_200 });
      await there.messages.settle(held.slice(0, 1_195).map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
      const nc = await connect({ servers: server?.url ?? "" });
      t.after(() => nc.close());
      let deletions = 0;
      nc.subscribe(`$JS.API.STREAM.MSG.DELETE.QS_${name}`, { callback: () => { deletions += 1; } });
      await nc.flush();
      const first = await here.repair.purge(name, { ...filter, after: own.items[1]?.id ?? "", limit: 1 });
      assert.equal(first.removed, 1);
      assert.deepEqual(await here.inspect.exists(own.items.map(({ id }) => id)), own.items.slice(0, 2).map(({ id }) => id));
      const rest = await here.repair.purge(name, { ...filter, limit: 10_000 });
      assert.deepEqual([rest.removed, rest.more], [name === "whole" ? 1_999 : 1_994, false]);
      await nc.flush();
      assert.ok(deletions < 900, `${deletions} deletions`);
      assert.deepEqual((await here.inspect.browse(name, { partition: "a", limit: 100 })).items.map(({ id }) => id), held.slice(1_195).map(({ id }) => id));
      const late = await there.messages.settle(held.slice(1_195).map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
      assert.ok(late.every(({ ok }) => ok));
      const left = await there.messages.pop(name, { batch: 10 });
      assert.deepEqual(left.map(({ partition }) => partition), name === "whole" ? [] : ["b", "b", "b", "b", "b"]);
    }
  });
});
