import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { createUser } from "@nats-io/nkeys";
import { connect } from "../../src/client/connect.ts";
import { loginWith, serversOf, withoutSecret } from "../../src/client/credentials.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";

describe("a login kept apart from its URL", { skip: natsSkip() }, () => {
  afterEach(() => {
    delete process.env["QUEUESCOPE_URL"];
    delete process.env["QUEUESCOPE_CREDENTIALS"];
  });

  it("is the password of the user that the URL names", async () => {
    await using server = await startNatsServer({ config: "authorization: { user: ada, password: \"p@ss:word\" }" });
    const url = `nats://ada@127.0.0.1:${server.port}`;
    await using queues = await connect({ url, nats: loginWith(url, "p@ss:word") });
    await queues.queue("orders").push({ id: 1 });
    await assert.rejects(connect({ url, nats: loginWith(url, "wrong") }), { code: "permission-denied" });
  });

  it("is a token where the URL names nobody, even one that looks like a reference", async () => {
    await using server = await startNatsServer({ config: "authorization: { token: \"env://HOME\" }" });
    await using queues = await connect({ url: server.url, nats: loginWith(server.url, "env://HOME") });
    assert.equal(queues.broker.link?.status.state, "connected");
  });

  it("is an nkey where it looks like its seed", async () => {
    const user = createUser();
    const seed = new TextDecoder().decode(user.getSeed());
    await using server = await startNatsServer({ config: `authorization: { users: [{ nkey: ${user.getPublicKey()} }] }` });
    await using queues = await connect({ url: server.url, nats: loginWith(server.url, seed) });
    assert.equal(queues.broker.link?.status.state, "connected");
  });

  it("of the environment is for QUEUESCOPE_URL, and for no other URL", async () => {
    await using server = await startNatsServer({ config: "authorization: { token: secret }" });
    process.env["QUEUESCOPE_URL"] = server.url;
    process.env["QUEUESCOPE_CREDENTIALS"] = "secret";
    await (await connect()).close();
    await assert.rejects(connect(`nats://localhost:${server.port}`), { code: "permission-denied" });
  });
});

describe("a URL with a login", () => {
  it("is stored without its password or token", () => {
    assert.deepEqual(withoutSecret("nats://ada:p%40ss@one:4222,nats://ada:p%40ss@two?domain=hub"), { url: "nats://ada@one:4222,nats://ada@two?domain=hub", secret: "p@ss" });
    assert.deepEqual(withoutSecret("nats://s3cret@one"), { url: "nats://one", secret: "s3cret" });
    assert.deepEqual(withoutSecret("nats://one?creds=a@b.creds"), { url: "nats://one?creds=a@b.creds", secret: undefined });
  });

  it("is known by its servers, whoever logs in", () => {
    assert.equal(serversOf("nats://ada@One:4222,nats://ada@two:4222?name=x"), "nats://one:4222,nats://two:4222");
    assert.notEqual(serversOf("nats://one"), serversOf("nats://one.evil"));
  });
});
