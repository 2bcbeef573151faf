import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Api } from "../../src/brokers/jetstream/api.ts";
import { openConnection } from "../../src/brokers/jetstream/connection/index.ts";
import { Publisher } from "../../src/brokers/jetstream/publisher.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { startProxy } from "../support/proxy.ts";

describe("publishing to a stream", { skip: natsSkip() }, () => {
  it("that isn't confirmed in time is unavailable for each message that wasn't, and for nothing else", async (t) => {
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    const proxy = await startProxy(nats.url);
    t.after(() => proxy.stop());
    const handle = await openConnection({ url: proxy.url, env: {}, connectTimeout: 1000 });
    t.after(() => handle.close());
    await new Api(handle).request("STREAM.CREATE.S", { name: "S", subjects: ["s.>"] });
    const publisher = new Publisher(handle);
    t.after(() => { publisher.close(); });
    assert.equal((await publisher.publish({ subject: "s.1", data: "stored" })).seq, 1);
    proxy.drop("toClient");
    const results = await publisher.publishAll([{ subject: "s.2", data: "" }, { subject: "s.3", data: "" }], 200);
    assert.deepEqual(results.map((result) => ("code" in result ? result.code : result.seq)), ["unavailable", "unavailable"]);
    await assert.rejects(publisher.publish({ subject: "s.4", data: "" }, 200), { code: "unavailable" });
  });
});
