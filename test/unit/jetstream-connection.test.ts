import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createUser } from "@nats-io/nkeys";
import { openConnection, type ConnectionOptions, type NatsHandle } from "../../src/brokers/jetstream/connection/index.ts";
import { certificatesSkip, makeCertificates } from "../support/certificates.ts";
import { temporaryFolder } from "../support/folder.ts";
import { natsSkip, startNatsServer, type NatsServer, type NatsServerOptions } from "../support/nats-server.ts";
import { makeJwtUser } from "../support/nats-users.ts";

/** The environment of a user who never configured NATS. */
const BARE = { HOME: "/nobody" };

async function server(t: TestContext, options: NatsServerOptions = {}): Promise<NatsServer> {
  const started = await startNatsServer({ jetstream: false, ...options });
  t.after(() => started.stop());
  return started;
}

async function connected(t: TestContext, options: ConnectionOptions): Promise<NatsHandle> {
  const handle = await openConnection({ env: BARE, ...options });
  t.after(() => handle.close());
  return handle;
}

/** That it carries messages, not only that it stands. */
async function works(handle: NatsHandle): Promise<void> {
  const echo = handle.nc.subscribe("echo", { callback: (_, message) => { message.respond(message.data); } });
  assert.equal((await handle.request("echo", "hello")).string(), "hello");
  echo.unsubscribe();
}

/** Refused with this code and text, and without the word s3cret anywhere. */
async function refused(options: ConnectionOptions, code: string, text: RegExp): Promise<void> {
  await assert.rejects(openConnection({ env: BARE, ...options }), (error: Error & { code: string }) => {
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    assert.doesNotMatch(`${error.message} ${error.stack ?? ""} ${String(error.cause)} ${JSON.stringify(error)}`, /s3cret/);
    return true;
  });
}

describe("logging in to NATS", { skip: natsSkip() }, () => {
  it("needs nothing where the server asks for nothing", async (t) => {
    const handle = await connected(t, { url: (await server(t)).url });
    await works(handle);
    assert.equal(handle.owned, true);
    assert.equal(handle.prefix, "$JS.API");
  });

  it("with a user and password, in the URL or beside it", async (t) => {
    const nats = await server(t, { config: 'authorization { user: ada, password: "s3cret/1" }' });
    const handle = await connected(t, { url: nats.url.replace("//", "//ada:s3cret%2F1@") });
    await works(handle);
    assert.equal(handle.url, nats.url);
    await works(await connected(t, { url: nats.url, user: "ada", password: "env://PW", env: { ...BARE, PW: "s3cret/1" } }));
    await works(await connected(t, { url: nats.url.replace("//", "//ada@"), password: "s3cret/1" }));
    await refused({ url: nats.url, password: "s3cret/1" }, "invalid-input", /a password, but no user/);
    await refused({ url: nats.url, user: "ada", password: "s3cret/2" }, "permission-denied", /refuses the user ada/);
    await refused({ url: nats.url }, "permission-denied", /no user, token, creds or nkey is given/);
  });

  it("with a token", async (t) => {
    const nats = await server(t, { config: "authorization { token: s3cret }" });
    await works(await connected(t, { url: nats.url.replace("//", "//s3cret@") }));
    await works(await connected(t, { url: nats.url, token: "s3cret" }));
    await refused({ url: nats.url, token: "s3cret-wrong" }, "permission-denied", /refuses the token/);
  });

  it("with an nkey's seed file", async (t) => {
    const user = createUser();
    const nats = await server(t, { config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }` });
    const folder = await temporaryFolder(t, { "user.nk": `# made by nk\n${new TextDecoder().decode(user.getSeed())}\n`, "other.nk": new TextDecoder().decode(createUser().getSeed()), "broken.nk": "s3cret" });
    await works(await connected(t, { url: nats.url, nkey: "user.nk", cwd: folder }));
    await works(await connected(t, { url: nats.url, env: { ...BARE, NATS_NKEY: join(folder, "user.nk") } }));
    await refused({ url: nats.url, nkey: join(folder, "other.nk") }, "permission-denied", /refuses the nkey of .*other\.nk/);
    await refused({ url: nats.url, nkey: join(folder, "broken.nk") }, "invalid-input", /broken\.nk holds isn't the seed/);
  });

  it("with a credentials file, or a JWT and its seed", async (t) => {
    const { config, seed, ...user } = makeJwtUser();
    const [jwt, creds] = [user.jwt(), user.creds()];
    const nats = await server(t, { config });
    const folder = await temporaryFolder(t, { "user.creds": creds, "other.creds": makeJwtUser().creds(), "broken.creds": "s3cret" });
    await works(await connected(t, { url: `${nats.url}?creds=${encodeURIComponent(join(folder, "user.creds"))}` }));
    await works(await connected(t, { url: nats.url, env: { ...BARE, NATS_CREDS: "$HERE/user.creds", HERE: folder } }));
    await works(await connected(t, { url: nats.url, jwt, seed }));
    await works(await connected(t, { url: nats.url, creds: `data:;base64,${Buffer.from(creds).toString("base64")}` }));
    await refused({ url: nats.url, creds: join(folder, "other.creds") }, "permission-denied", /refuses the credentials of .*other\.creds/);
    await refused({ url: nats.url, creds: join(folder, "broken.creds") }, "invalid-input", /broken\.creds holds isn't credentials/);
  });

  it("with what a context of the nats CLI says", async (t) => {
    const nats = await server(t, { config: "authorization { user: ada, password: s3cret }" });
    const config = await temporaryFolder(t, { "nats/context.txt": "mine", "nats/context/mine.json": JSON.stringify({ url: nats.url, user: "ada", password: "env://PW" }) });
    const env = { XDG_CONFIG_HOME: config, PW: "s3cret" };
    await works(await connected(t, { env }));
    await works(await connected(t, { url: "nats:?context=mine", env }));
  });
});

describe("TLS to NATS", { skip: natsSkip() || certificatesSkip() }, () => {
  it("is used when the URL, the server or a file asks for it", async (t) => {
    const certificates = await makeCertificates(t);
    const { ca } = certificates;
    const nats = await server(t, { config: `tls { cert_file: "${certificates.server.cert}", key_file: "${certificates.server.key}" }` });
    const host = `127.0.0.1:${nats.port}`;
    await works(await connected(t, { url: `tls://${host}?ca=${encodeURIComponent(ca)}` }));
    await works(await connected(t, { url: `nats://localhost:${nats.port}`, ca }));
    await refused({ url: `tls://${host}` }, "unavailable", /isn't trusted .*Give the certificate authority's file/);
    await refused({ url: `tls://${host}`, ca: "/none.pem" }, "invalid-input", /\/none\.pem.*certificate authority.*no such file/);
    await refused({ url: `nats://${host}`, ca, cert: certificates.client.cert }, "invalid-input", /both cert and key/);
  });

  it("shows a client certificate, and says so when one is wanted", async (t) => {
    const { ca, server: own, client } = await makeCertificates(t);
    const nats = await server(t, { config: `tls { cert_file: "${own.cert}", key_file: "${own.key}", ca_file: "${ca}", verify: true }` });
    await works(await connected(t, { url: `tls://127.0.0.1:${nats.port}`, ca, ...client }));
    await refused({ url: `tls://127.0.0.1:${nats.port}`, ca }, "permission-denied", /wants a client certificate/);
  });

  it("from the first byte", async (t) => {
    const { ca, server: own } = await makeCertificates(t);
    const nats = await server(t, { config: `tls { cert_file: "${own.cert}", key_file: "${own.key}", handshake_first: true }` });
    await works(await connected(t, { url: `nats://127.0.0.1:${nats.port}`, ca, tlsFirst: true }));
  });

  it("is insisted on, so that no password goes out in the clear", async (t) => {
    const nats = await server(t);
    await refused({ url: nats.url.replace("nats:", "tls:") }, "unavailable", /speaks no TLS/);
  });
});

describe("a NATS server that can't be used", { skip: natsSkip() }, () => {
  it("is passed over while another of the list can", async (t) => {
    const nats = await server(t);
    const handle = await connected(t, { url: `nats://127.0.0.1:1,127.0.0.1:${nats.port}` });
    await works(handle);
    assert.equal(handle.url, `nats://127.0.0.1:1,nats://127.0.0.1:${nats.port}`);
    assert.equal(handle.status.server, `127.0.0.1:${nats.port}`);
  });

  it("is named, with what to do", async () => {
    await refused({ url: "nats://ada:s3cret@127.0.0.1:1" }, "unavailable", /nats:\/\/127\.0\.0\.1:1 \(connection refused\)\. Start one with `nats-server -js`/);
    await refused({ url: "nats://nowhere.invalid" }, "unavailable", /No address is known for the host of nats:\/\/nowhere\.invalid:4222/);
  });

  it("and doesn't answer is given up after the time allowed", async (t) => {
    const silent = createServer().listen(0, "127.0.0.1");
    t.after(() => silent.close());
    await once(silent, "listening");
    const states: string[] = [];
    await refused({ url: `nats://127.0.0.1:${(silent.address() as AddressInfo).port}`, connectTimeout: 200, onStatus: ({ state }) => states.push(state) }, "unavailable", /didn't answer within 0\.2 s/);
    assert.deepEqual(states, ["connecting", "closed"]);
  });

  it("and hangs up is told from one that refuses", async (t) => {
    const rude = createServer((socket) => {
      socket.write('INFO {"server_id":"x","version":"2.9.0","proto":1,"max_payload":1024}\r\n');
      socket.once("data", () => { socket.destroy(); });
    }).listen(0, "127.0.0.1");
    t.after(() => rude.close());
    await once(rude, "listening");
    await refused({ url: `nats://127.0.0.1:${(rude.address() as AddressInfo).port}` }, "unavailable", /ended the connection before it let us in/);
  });

  it("has JetStream off: that is said with how to turn it on", async (t) => {
    const handle = await connected(t, { url: (await server(t)).url });
    await assert.rejects(handle.accountInfo(), { code: "unsupported", message: /JetStream is off at .*nats-server -js/ });
    await works(handle);
  });

  it("has JetStream off for the account: the same", async (t) => {
    const nats = await server(t, { jetstream: true, config: "accounts { A { users: [{ user: ada, password: pw }] }, SYS { users: [{ user: sys, password: pw }] } }\nsystem_account: SYS" });
    const handle = await connected(t, { url: nats.url, user: "ada", password: "pw" });
    await assert.rejects(handle.accountInfo(), { code: "unsupported", message: /JetStream is off/ });
  });
});

describe("JetStream's domain and prefixes", { skip: natsSkip() }, () => {
  it("lead requests to the domain, and the URL shows it", async (t) => {
    const nats = await server(t, { jetstream: true, config: "jetstream { domain: hub }" });
    const handle = await connected(t, { url: `${nats.url}?domain=hub` });
    assert.equal(handle.prefix, "$JS.hub.API");
    assert.equal(handle.url, `${nats.url}?domain=hub`);
    assert.equal((await handle.accountInfo()).domain, "hub");
    const lost = await connected(t, { url: nats.url, domain: "elsewhere" });
    await assert.rejects(lost.accountInfo(), { code: "unsupported", message: /\$JS\.elsewhere\.API.*domain or API prefix/ });
  });

  it("may be custom, as an import of another account's JetStream is", async (t) => {
    const config = `accounts {
      A { jetstream: enabled, users: [{ user: a, password: pw }], exports: [{ service: "$JS.API.>" }] }
      B { users: [{ user: b, password: pw }], imports: [{ service: { account: A, subject: "$JS.API.>" }, to: "from.a.>" }] }
    }`;
    const handle = await connected(t, { url: (await server(t, { jetstream: true, config })).url, user: "b", password: "pw", apiPrefix: "from.a." });
    assert.equal(handle.prefix, "from.a");
    assert.equal((await handle.accountInfo()).streams, 0);
  });

  it("that can't be are refused", async () => {
    await refused({ domain: "a", apiPrefix: "b" }, "invalid-input", /exclude each other/);
    for (const bad of [{ domain: "a.b" }, { apiPrefix: "a..b" }, { inboxPrefix: "a.>" }, { inboxPrefix: "" }]) await refused(bad, "invalid-input", /domain|apiPrefix|inboxPrefix/);
  });

  it("of inboxes are used for every answer", async (t) => {
    const nats = await server(t, { config: 'authorization { users: [{ user: ada, password: pw, permissions: { subscribe: ["mine.>", "echo"], publish: [">"] } }] }' });
    const handle = await connected(t, { url: nats.url, user: "ada", password: "pw", inboxPrefix: "mine" });
    await works(handle);
    assert.match(handle.inbox(), /^mine\.\w+$/);
    const name = await connected(t, { url: nats.url, user: "ada", password: "pw", name: "shown" });
    assert.equal((name.nc as unknown as { options: { name: string } }).options.name, "shown");
  });
});
