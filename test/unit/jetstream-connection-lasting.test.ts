import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { connect as connectOld } from "nats";
import { openConnection, type CallersConnection, type ConnectionOptions, type ConnectionStatus, type NatsHandle, type Violation } from "../../src/brokers/jetstream/connection/index.ts";
import type { QueuescopeError } from "../../src/core/index.ts";
import { certificatesSkip, makeCertificates } from "../support/certificates.ts";
import { temporaryFolder } from "../support/folder.ts";
import { natsSkip, startNatsServer, type NatsServer, type NatsServerOptions, type NatsVersion } from "../support/nats-server.ts";
import { makeJwtUser } from "../support/nats-users.ts";
import { startProxy } from "../support/proxy.ts";
import { until } from "../support/until.ts";

const BARE = { HOME: "/nobody" };

async function server(t: TestContext, options: NatsServerOptions = {}): Promise<NatsServer> {
  const started = await startNatsServer({ jetstream: false, ...options });
  t.after(() => started.stop());
  return started;
}

/** With all that it said about itself, and quick to try again. */
async function watched(t: TestContext, options: ConnectionOptions): Promise<{ handle: NatsHandle; states: string[]; last: () => ConnectionStatus }> {
  const said: ConnectionStatus[] = [];
  const states: string[] = [];
  const handle = await openConnection({ env: BARE, reconnect: { wait: 20, maxWait: 100 }, onStatus: (status) => { said.push(status); states.push(status.state); }, ...options });
  t.after(() => handle.close());
  return { handle, states, last: () => said.at(-1) ?? handle.status };
}

async function works(handle: NatsHandle): Promise<void> {
  const echo = handle.nc.subscribe("echo", { callback: (_, message) => { message.respond(message.data); } });
  assert.equal((await handle.request("echo", "hello")).string(), "hello");
  echo.unsubscribe();
}

describe("a NATS connection that is lost", { skip: natsSkip() }, () => {
  it("comes back when the server does, with its subscriptions", async (t) => {
    const nats = await server(t);
    const { handle, states } = await watched(t, { url: nats.url });
    handle.nc.subscribe("stays", { callback: (_, message) => { message.respond("still here"); } });
    await nats.kill();
    await until("the loss", () => handle.status.state === "lost");
    await nats.start();
    await until("the return", () => handle.status.state === "restored");
    assert.equal((await handle.request("stays")).string(), "still here");
    assert.deepEqual(states, ["connecting", "connected", "lost", "restored"]);
    await handle.close();
    await until("the end", () => handle.status.state === "closed");
    assert.deepEqual(handle.status, { state: "closed", server: `127.0.0.1:${nats.port}` });
  });

  it("goes on at another server of its list", async (t) => {
    const [one, two] = await Promise.all([server(t), server(t)]);
    const { handle } = await watched(t, { url: `${one.url},${two.url}` });
    const [current, other] = handle.status.server === `127.0.0.1:${one.port}` ? [one, two] : [two, one];
    await current.kill();
    await until("the return", () => handle.status.state === "restored");
    assert.equal(handle.status.server, `127.0.0.1:${other.port}`);
    await works(handle);
  });

  it("keeps trying when its credentials are refused, says why, and takes new ones from their file", async (t) => {
    const nats = await server(t, { config: "authorization { user: ada, password: first }" });
    const folder = await temporaryFolder(t, { password: "first" });
    const { handle, last } = await watched(t, { url: nats.url, user: "ada", password: "file://password", cwd: folder });
    await nats.restart("SIGTERM", "authorization { user: ada, password: second }");
    await until("a reason", () => handle.status.state === "lost" && /authorization/i.test(last().reason ?? ""));
    await writeFile(join(folder, "password"), "second");
    await until("the return", () => handle.status.state === "restored");
    assert.equal(handle.status.reason, undefined);
    await works(handle);
  });

  it("because its credentials ran out comes back with the ones in their file, unless that is half written", async (t) => {
    const user = makeJwtUser();
    const nats = await server(t, { config: user.config });
    const folder = await temporaryFolder(t, { "user.creds": user.creds(Math.ceil(Date.now() / 1000) + 1) });
    const { handle, last } = await watched(t, { url: nats.url, creds: join(folder, "user.creds") });
    await writeFile(join(folder, "user.creds"), "-----BEGIN NATS USER JWT-----\ney");
    await until("a reason", () => handle.status.state === "lost" && /expired|authorization/i.test(last().reason ?? ""));
    await writeFile(join(folder, "user.creds"), user.creds());
    await until("the return", () => handle.status.state === "restored");
    await works(handle);
  });

  it("is noticed when the network only swallows what is sent", async (t) => {
    const proxy = await startProxy((await server(t)).url);
    t.after(() => proxy.stop());
    const { handle } = await watched(t, { url: proxy.url, pingInterval: 50 });
    proxy.drop();
    await until("the loss", () => handle.status.state === "lost");
    proxy.restore();
    await until("the return", () => handle.status.state === "restored");
    await works(handle);
  });

  it("ends when reconnecting is off, and says so to whoever asks after that", async (t) => {
    const nats = await server(t);
    const { handle } = await watched(t, { url: nats.url, reconnect: { attempts: 0 } });
    await nats.kill();
    await until("the end", () => handle.status.state === "closed");
    await assert.rejects(handle.request("echo"), { code: "unavailable", ended: true, message: /Connect again/ });
  });

  it("can be closed while it is lost", async (t) => {
    const nats = await server(t);
    const { handle } = await watched(t, { url: nats.url });
    await nats.kill();
    await until("the loss", () => handle.status.state === "lost");
    await handle.close();
    await handle.close();
    assert.equal(handle.nc.isClosed(), true);
  });

  it("can be closed before anybody noticed", async (t) => {
    const proxy = await startProxy((await server(t)).url);
    t.after(() => proxy.stop());
    const { handle } = await watched(t, { url: proxy.url, connectTimeout: 200 });
    proxy.drop();
    handle.nc.publish("unheard");
    await handle.close();
    assert.equal(handle.nc.isClosed(), true);
  });
});

const LIMITED = `authorization { users: [{ user: ada, password: pw, permissions: {
  publish: { allow: ["ok.>", "echo", "_INBOX.>"] }
  subscribe: { allow: ["ok.>", "echo", "_INBOX.>"] }
} }] }`;

/** What one call throws. */
async function failure(call: Promise<unknown>): Promise<QueuescopeError> {
  return await call.then(() => assert.fail("it went through"), (error: unknown) => error as QueuescopeError);
}

describe("a caller's own connection", { skip: natsSkip() }, () => {
  const kinds: Readonly<Record<string, (options: { servers: string; user?: string; pass?: string; inboxPrefix?: string; reconnectTimeWait?: number; maxReconnectAttempts?: number }) => Promise<CallersConnection & { close(): Promise<void> }>>> = { "@nats-io/transport-node": connect, "nats 2.x": connectOld };

  for (const [kind, open] of Object.entries(kinds)) {
    describe(`of ${kind}`, () => {
      it("is used with its own inbox prefix and headers, and never closed", async (t) => {
        const nats = await server(t);
        const connection = await open({ servers: nats.url, inboxPrefix: "mine" });
        t.after(() => connection.close());
        const handle = await openConnection({ connection, domain: "hub" });
        assert.deepEqual([handle.owned, handle.url, handle.prefix, handle.status], [false, `${nats.url}?domain=hub`, "$JS.hub.API", { state: "connected", server: `127.0.0.1:${nats.port}` }]);
        assert.match(handle.inbox(), /^mine\./);
        handle.nc.subscribe("headers", { callback: (_, message) => { message.respond(JSON.stringify([message.headers?.get("Nats-Msg-Id"), message.headers?.values("many")]), message.headers === undefined ? {} : { headers: message.headers }); } });
        const headers = handle.headers();
        headers.set("Nats-Msg-Id", "ü 1");
        headers.append("many", "a");
        headers.append("many", "b");
        const answer = await handle.request("headers", "", { headers });
        assert.deepEqual(answer.json(), ["ü 1", ["a", "b"]]);
        assert.equal(answer.headers?.get("Nats-Msg-Id"), "ü 1");
        await handle.close();
        assert.equal(connection.isClosed(), false);
        await works(handle);
      });

      it("says when it is lost, restored and closed by its owner", async (t) => {
        const nats = await server(t);
        const connection = await open({ servers: nats.url, reconnectTimeWait: 20, maxReconnectAttempts: -1 });
        t.after(() => connection.close());
        const { handle, states } = await watched(t, { connection });
        await nats.restart("SIGKILL");
        await until("the return", () => handle.status.state === "restored");
        await works(handle);
        await connection.close();
        await until("the end", () => handle.status.state === "closed");
        assert.deepEqual(states, ["connected", "lost", "restored", "closed"]);
        assert.deepEqual(await failure(handle.request("echo")).then(({ code, ended }) => [code, ended]), ["unavailable", true]);
        await assert.rejects(openConnection({ connection }), { code: "unavailable", ended: true });
      });

      it("may be lost when it is handed over", async (t) => {
        const nats = await server(t);
        const connection = await open({ servers: nats.url, reconnectTimeWait: 20, maxReconnectAttempts: -1 });
        t.after(() => connection.close());
        await nats.kill();
        await until("the loss", () => (connection as NatsConnection).info === undefined);
        const { handle, states } = await watched(t, { connection });
        await nats.start();
        await until("the return", () => handle.status.state === "restored");
        assert.deepEqual(states, ["lost", "restored"]);
      });

      it("has errors in our words", async (t) => {
        const nats = await server(t, { config: `${LIMITED}\nmax_payload: 1000` });
        const connection = await open({ servers: nats.url, user: "ada", pass: "pw" });
        t.after(() => connection.close());
        const handle = await openConnection({ connection });
        const codes = async (...calls: Promise<unknown>[]): Promise<string[]> => (await Promise.all(calls.map(failure))).map(({ code }) => code);
        handle.nc.subscribe("ok.silent", { callback: () => undefined });
        assert.deepEqual(await codes(
          handle.request("ok.nobody"),
          handle.request("ok.silent", "", { timeout: 100 }),
          handle.request("ok.big", "x".repeat(2000)),
          handle.request("ok..bad subject"),
          handle.request("forbidden"),
        ), ["unavailable", "unavailable", "payload-too-large", "invalid-input", "permission-denied"]);
        await works(handle);
      });
    });
  }

  it("that is something else is refused", async () => {
    await assert.rejects(openConnection({ connection: {} as CallersConnection }), { code: "invalid-input", field: "connection" });
  });
});

for (const version of ["newest", "2.9"] satisfies NatsVersion[]) {
  describe(`a permission that is missing on NATS ${version}`, { skip: natsSkip(version) }, () => {
    it("rejects one request at once, names the subject and what to grant, and takes nothing else away", async (t) => {
      const nats = await server(t, { version, config: LIMITED });
      const { handle } = await watched(t, { url: nats.url, user: "ada", password: "pw" });
      handle.nc.subscribe("ok.slow", { callback: (_, message) => { setTimeout(() => message.respond("done"), 50); } });
      const slow = handle.request("ok.slow");
      const error = await failure(handle.request("$JS.API.STREAM.NAMES"));
      assert.equal(error.code, "permission-denied");
      assert.match(error.message, /The user ada may not publish to \$JS\.API\.STREAM\.NAMES at nats:.*grant it publish: \["\$JS\.API\.>"\]/);
      assert.doesNotMatch(error.message, /pw/);
      assert.equal((await slow).string(), "done");
      assert.equal(handle.status.state, "connected");
    });

    it("ends one subscription, and says so once", async (t) => {
      const nats = await server(t, { version, config: LIMITED });
      const { handle } = await watched(t, { url: nats.url, user: "ada", password: "pw" });
      const refusals: QueuescopeError[] = [];
      const got: string[] = [];
      const refused = handle.subscribe("secret.*", () => assert.fail("a message came"), (error) => refusals.push(error), { queue: "workers" });
      handle.subscribe("ok.*", (message) => got.push(message.subject), (error) => refusals.push(error));
      await refused.closed;
      handle.nc.publish("ok.1");
      await until("the message", () => got.length === 1);
      assert.deepEqual(refusals.map(({ code }) => code), ["permission-denied"]);
      assert.match(refusals[0]?.message ?? "", /may not subscribe to secret\.\* in the queue group workers at .*grant it subscribe: \["secret\.\*"\]/);
    });

    it("is told for publications too, which have no answer", async (t) => {
      const nats = await server(t, { version, config: LIMITED });
      const { handle } = await watched(t, { url: nats.url, user: "ada", password: "pw" });
      const seen: { violation: Violation; code: string }[] = [];
      const watch = handle.onViolation((violation, { code }) => seen.push({ violation, code }));
      handle.nc.publish("forbidden.1");
      await until("the violation", () => seen.length === 1);
      assert.deepEqual(seen, [{ violation: { operation: "publish", subject: "forbidden.1", queue: undefined }, code: "permission-denied" }]);
      watch.close();
      handle.nc.publish("forbidden.2");
      await handle.nc.flush();
      await works(handle);
      assert.equal(seen.length, 1);
    });

    it("to get answers is named as such", async (t) => {
      const nats = await server(t, { version, config: 'authorization { users: [{ user: ada, password: pw, permissions: { publish: ">", subscribe: "mine.>" } }] }' });
      const { handle } = await watched(t, { url: nats.url, user: "ada", password: "pw" });
      const error = await failure(handle.request("echo"));
      assert.equal(error.code, "permission-denied");
      assert.match(error.message, /may not subscribe to _INBOX\..*grant it subscribe: \["_INBOX\.>"\]/);
    });
  });
}

describe("NATS over websockets", { skip: natsSkip() }, () => {
  async function freePort(): Promise<number> {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    await once(listener.close(), "close");
    return port;
  }

  it("works, and reconnects beside a plain connection of the same process", async (t) => {
    const port = await freePort();
    const nats = await server(t, { config: `authorization { user: ada, password: pw }\nwebsocket { host: 127.0.0.1, port: ${port}, no_tls: true }` });
    const web = (await watched(t, { url: `ws://ada:pw@127.0.0.1:${port}` })).handle;
    const plain = (await watched(t, { url: nats.url, user: "ada", password: "pw" })).handle;
    assert.equal(web.url, `ws://127.0.0.1:${port}`);
    await works(web);
    await works(plain);
    await nats.restart("SIGKILL");
    await until("both to return", () => web.status.state === "restored" && plain.status.state === "restored");
    await works(web);
    await works(plain);
  });

  it("works with TLS and a client certificate", { skip: certificatesSkip() }, async (t) => {
    const [port, { ca, server: own, client }] = await Promise.all([freePort(), makeCertificates(t)]);
    const tls = `tls { cert_file: "${own.cert}", key_file: "${own.key}", ca_file: "${ca}", verify: true }`;
    await server(t, { config: `${tls}\nwebsocket { host: 127.0.0.1, port: ${port}, ${tls} }` });
    await works((await watched(t, { url: `wss://127.0.0.1:${port}`, ca, ...client })).handle);
    const error = await failure(openConnection({ url: `wss://127.0.0.1:${port}`, env: BARE }));
    assert.deepEqual([error.code, /isn't trusted/.test(error.message)], ["unavailable", true]);
  });

  it("that nobody offers is said", async () => {
    assert.equal((await failure(openConnection({ url: "ws://127.0.0.1:1", env: BARE }))).code, "unavailable");
  });
});
