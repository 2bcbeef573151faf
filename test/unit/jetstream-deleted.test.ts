import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { payloadText, textPayload } from "../../src/core/index.ts";
import type { Broker } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import type { NatsServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

describe("a queue on JetStream that another process deletes", { skip: natsSkip(), timeout: 60_000 }, () => {
  let server: NatsServer;
  let nc: NatsConnection;
  before(async () => {
    server = await startNatsServer();
    nc = await connect({ servers: server.url });
  });
  after(async () => {
    await nc.close();
    await server.stop();
  });

  async function opened(t: TestContext): Promise<Broker> {
    const troubles: unknown[] = [];
    const broker = await openJetStream({ url: server.url, onBackgroundError: (error) => { troubles.push(error); } });
    t.after(async () => {
      await broker.close();
      assert.deepEqual(troubles, []);
    });
    return broker;
  }

  const push = (broker: Broker, queue: string, text: string): Promise<unknown> => broker.messages.push(queue, [{ payload: textPayload(text) }]);
  const pop = async (broker: Broker, queue: string): Promise<string[]> => (await broker.messages.pop(queue, { wait: 10_000 })).map(({ payload }) => payloadText(payload));
  const id = async (broker: Broker, queue: string): Promise<string> => (await broker.inspect.browse(queue)).items[0]?.id.split("-")[0] ?? "";

  /** Whether a process has the group, and answers for it. */
  async function isOwned(queueId: string): Promise<boolean> {
    try {
      await nc.request(`qs-o.${queueId}.default`, "", { timeout: 5_000 });
      return true;
    } catch (error) {
      assert.match(String(error), /responders/i);
      return false;
    }
  }

  async function consumers(stream: string): Promise<number> {
    const { state } = (await nc.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ state: { consumer_count: number } }>();
    return state.consumer_count;
  }

  it("is forgotten by who had it in memory: nobody answers for its groups", async (t) => {
    const [here, there] = [await opened(t), await opened(t)];
    await push(here, "old", "1");
    const queue = await id(here, "old");
    assert.deepEqual(await pop(there, "old"), ["1"]);
    assert.ok(await isOwned(queue));
    await here.queues.delete("old");
    await until("its owner to have left", async () => !(await isOwned(queue)));
  });

  it("ends the wait of who waits for its messages, and works at once when it is made anew", async (t) => {
    const [here, there, third] = [await opened(t), await opened(t), await opened(t)];
    await push(here, "again", "1");
    const before = await id(here, "again");
    for (const broker of [there, third]) assert.equal((await broker.messages.pop("again", { wait: 100 })).length, broker === there ? 1 : 0);
    const ended = assert.rejects(there.messages.pop("again", { wait: 30_000 }), { code: "queue-not-found" });
    await here.queues.delete("again");
    await ended;
    await push(here, "again", "2");
    assert.deepEqual(await pop(there, "again"), ["2"]);
    await push(third, "again", "3");
    assert.deepEqual(await pop(third, "again"), ["3"]);
    await push(there, "again", "4");
    assert.deepEqual(await pop(here, "again"), ["4"]);
    assert.equal(await isOwned(before), false);
    assert.ok((await consumers("QS_again")) <= 2, "nobody reads it for the queue of before");
  });

  it("and that is made anew refuses what a process has under way for the one of before", async (t) => {
    const broker = await opened(t);
    const subject = "qs-s.twice.g.default";
    const used = async (): Promise<number> => {
      await push(broker, "twice", "1");
      assert.deepEqual(await pop(broker, "twice"), ["1"]);
      const stored = (await nc.request("$JS.API.STREAM.MSG.GET.QSS_twice", JSON.stringify({ last_by_subj: subject }))).json<{ message: { seq: number } }>();
      return stored.message.seq;
    };
    const before = await used();
    await broker.queues.delete("twice");
    const now = await used();
    const late = headers();
    late.set("Nats-Expected-Last-Subject-Sequence", String(before));
    const answer = (await nc.request(subject, "of the queue of before", { headers: late, timeout: 5_000 })).json<{ error?: { err_code: number } }>();
    assert.equal(answer.error?.err_code, 10_071);
    assert.notEqual(now, before);
  });
});
