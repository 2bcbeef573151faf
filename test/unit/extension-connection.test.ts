import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import type { Broker } from "../../src/core/index.ts";
import { Connection } from "../../src/extension/connections/connection.ts";
import { openBroker } from "../../src/extension/connections/library.ts";
import { until } from "../support/until.ts";

const folder = await mkdtemp(join(tmpdir(), "queuescope-connection-"));
after(() => rm(folder, { recursive: true }));

/** A connection whose file is there, or made, when `answer` says so. */
class Opening {
  readonly open = new Set<Broker>();
  readonly connection = new Connection({ id: "c", label: "shop", folder }, (create) => this.#opened(create), { data: () => undefined, state: () => undefined });
  readonly #answer: (create: boolean) => Promise<boolean>;

  constructor(answer: (create: boolean) => Promise<boolean>) {
    this.#answer = answer;
  }

  async #opened(create: boolean) {
    if (!(await this.#answer(create))) return undefined;
    const broker = await openLocal(join(folder, "queues.db"));
    this.open.add(broker);
    return { broker, close: async () => { this.open.delete(broker); await broker.close(); } };
  }
}

describe("a connection", () => {
  it("makes the file for a command although a view asks for it at the same time", async () => {
    const { connection } = new Opening((create) => Promise.resolve(create));
    // A view that looks again as soon as it has an answer.
    const looking = connection.existing().then(() => connection.existing());
    const broker = await connection.open();
    await looking;
    assert.equal(broker, connection.broker);
    await connection.close();
  });

  it("leaves nothing open that was opened while it closed", async () => {
    let asked = 0;
    const { connection, open } = new Opening(() => Promise.resolve(++asked === 2));
    const again = connection.existing().then(() => connection.existing());
    await connection.close();
    await again;
    assert.equal(asked, 2);
    assert.equal(open.size, 0);
  });

  it("knows when its file was deleted, and uses the one that is there when it is opened anew", async () => {
    const path = join(folder, "deleted.db");
    const plan = { id: "c", label: "shop", url: path, readOnly: false, credentials: undefined };
    const log = { warn: () => undefined, error: () => undefined };
    const connection = new Connection({ id: "c", label: "shop", folder }, (create) => openBroker(plan, { folder, create, encryptionKey: undefined, log }), { data: () => undefined, state: () => undefined });
    await (await connection.open()).queues.create("before");
    assert.equal(await connection.hasEnded(), false);
    await rm(path);
    await until("the connection to have ended", () => connection.hasEnded());
    await connection.close();
    assert.equal(await connection.existing(), undefined);
    await (await connection.open()).queues.create("after");
    assert.deepEqual((await (await connection.open()).queues.list({})).items.map(({ name }) => name), ["after"]);
    await connection.close();
  });
});
