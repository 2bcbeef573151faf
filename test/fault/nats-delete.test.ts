import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { textPayload } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";

describe("a queue that is deleted and made again at once", { skip: natsSkip() }, () => {
  it("is empty each time: nats-server 2.15 brings a stream's messages back in one of a hundred cases", async () => {
    await using server = await startNatsServer();
    await using broker = await openJetStream({ url: server.url });
    for (let i = 0; i < 150; i++) {
      await broker.queues.create("again");
      assert.deepEqual(await broker.messages.pop("again"), [], `round ${i}`);
      await broker.messages.push("again", [{ payload: textPayload("old") }]);
      await broker.queues.delete("again");
    }
  });
});
