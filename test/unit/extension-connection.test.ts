import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import type { Broker } from "../../src/core/index.ts";
import { Connection } from "../../src/extension/connections/connection.ts";
import { Credentials } from "../../src/extension/connections/credentials.ts";
import { openBroker } from "../../src/extension/connections/library.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
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

describe("a connection to a server", { skip: natsSkip() }, () => {
  const plan = (url: string) => ({ url, readOnly: false });
  const opening = (url: string, credentials?: string) => () => openBroker(plan(url), { folder, create: false, encryptionKey: undefined, credentials, log: { warn: () => undefined, error: () => undefined } });

  it("is tried in the background until the server is there, and says when it is lost and restored", async () => {
    const server = await startNatsServer();
    const { url } = server;
    await server.kill();
    const states: string[] = [];
    const connection: Connection = new Connection({ id: "c", label: "hub", folder, remote: true }, opening(url), { data: () => undefined, state: () => { states.push(connection.state); } });
    try {
      assert.equal(await connection.shown(), undefined, "a view doesn't wait");
      assert.equal(connection.state, "connecting");
      await until("the first attempt to fail", () => connection.state === "failed");
      assert.match(String(connection.error), /127\.0\.0\.1/);
      await server.start();
      await until("a later one to succeed", () => connection.state === "open");
      await server.kill();
      await until("the loss to be noticed", () => connection.state === "lost");
      assert.equal(await connection.shown(), undefined, "what is out of reach isn't asked");
      await server.start();
      await until("the connection to be restored", () => connection.state === "open");
      assert.deepEqual(states, ["connecting", "failed", "open", "lost", "open"]);
      assert.deepEqual((await (await connection.open()).queues.list()).items, []);
    } finally {
      await connection.close();
      await server.stop();
    }
  });

  it("stays disconnected until a person connects it", async () => {
    await using server = await startNatsServer();
    const connection = new Connection({ id: "c", label: "hub", folder, remote: true }, opening(server.url), { data: () => undefined, state: () => undefined });
    await connection.open();
    await connection.disconnect();
    assert.equal(await connection.shown(), undefined);
    await assert.rejects(connection.open(), /hub is disconnected/);
    await connection.reconnect();
    assert.equal(connection.state, "open");
    await connection.close();
  });

  it("that refuses the login is left alone until somebody asks for it again", async () => {
    await using server = await startNatsServer({ config: "authorization: { user: ada, password: secret }" });
    const url = `nats://ada@127.0.0.1:${server.port}`;
    let attempts = 0;
    let password = "wrong";
    const connection = new Connection({ id: "c", label: "hub", folder, remote: true }, () => { attempts += 1; return opening(url, password)(); }, { data: () => undefined, state: () => undefined });
    await assert.rejects(connection.existing(), { code: "permission-denied" });
    await assert.rejects(connection.existing(), { code: "permission-denied" });
    assert.equal(attempts, 1);
    password = "secret";
    await connection.open();
    assert.equal(connection.state, "open");
    // Enough for a worker to log in, and in nothing that others read.
    assert.deepEqual(connection.opened?.server, { url, credentials: "secret" });
    assert.ok(!connection.broker?.url.includes("ada"));
    await connection.close();
  });
});

describe("a stored login", () => {
  const secrets = new Map<string, string>();
  const credentials = new Credentials({ get: (name) => Promise.resolve(secrets.get(name)), store: (name, text) => Promise.resolve(void secrets.set(name, text)), delete: (name) => Promise.resolve(void secrets.delete(name)) });

  it("is given to the servers that it was stored for, and to no others", async () => {
    await credentials.store("hub", "nats://ada@one", "secret");
    assert.equal(await credentials.of({ url: "nats://ada@one?name=shop", credentials: { secret: "hub" } }), "secret");
    await assert.rejects(credentials.of({ url: "nats://elsewhere", credentials: { secret: "hub" } }), /was given for nats:\/\/one, and isn't sent to nats:\/\/elsewhere/);
  });

  it("that isn't there is asked for by its name", async () => {
    await assert.rejects(credentials.of({ url: "nats://one", credentials: { secret: "other" } }), /The login other isn't in this editor's secret storage/);
    await assert.rejects(credentials.of({ url: "nats://one", credentials: { env: "QUEUESCOPE_TEST_NOBODY_SETS" } }), /QUEUESCOPE_TEST_NOBODY_SETS/);
  });
});
