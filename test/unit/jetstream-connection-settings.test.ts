import assert from "node:assert/strict";
import { chmod, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, it } from "node:test";
import { listContexts, selectedContext, type ConnectionOptions, type Environment } from "../../src/brokers/jetstream/connection/index.ts";
import { login } from "../../src/brokers/jetstream/connection/login.ts";
import { expandedPath, literalSecret, type Surroundings } from "../../src/brokers/jetstream/connection/secrets.ts";
import { readUrl, shownServers } from "../../src/brokers/jetstream/connection/servers.ts";
import { settle } from "../../src/brokers/jetstream/connection/settings.ts";
import { temporaryFolder } from "../support/folder.ts";

function around(env: Environment = {}, more: Partial<Surroundings> = {}): Surroundings {
  return { env: { HOME: "/nobody", ...env }, cwd: "/work", allowProgram: undefined, ...more };
}

/** Servers and the options that aren't undefined. */
async function settled(options: ConnectionOptions, env: Environment = {}): Promise<{ servers: string; options: ConnectionOptions }> {
  const settings = await settle(options, around(env));
  return { servers: shownServers(settings.servers), options: Object.fromEntries(Object.entries(settings.options).filter(([, value]) => value !== undefined)) };
}

describe("a NATS URL", () => {
  it("names several servers, each with its port or the usual one", () => {
    assert.equal(shownServers(readUrl("nats://one:4223, two,nats://[::1]:80,three").servers), "nats://one:4223,nats://two:4222,nats://[::1]:80,nats://three:4222");
    assert.equal(shownServers(readUrl("wss://edge/nats").servers), "wss://edge:443/nats");
  });

  it("carries a user and a password, or a token, decoded and never shown", () => {
    const { servers, options } = readUrl("nats://ada:p%40ss%2Cword@one,nats://two");
    assert.deepEqual(options, { user: "ada", password: "p@ss,word" });
    assert.equal(shownServers(servers), "nats://one:4222,nats://two:4222");
    assert.deepEqual(readUrl("nats://s3cret@one").options, { token: "s3cret" });
  });

  it("carries settings, and turns TLS on by its scheme", () => {
    assert.deepEqual(readUrl("tls://one?domain=hub&creds=~/a.creds&tlsFirst").options, { domain: "hub", creds: "~/a.creds", tlsFirst: true, tls: true });
    assert.deepEqual(readUrl("nats:?context=prod"), { servers: [], options: { context: "prod" } });
  });

  it("that can't be read is refused without showing what is secret", () => {
    for (const url of ["nats://ada:s3cret@one:port", "nats://ada:s3cret@one/path", "nats://ada:s3,cret@one", "nats://ada:s3cret%@one", "nats://ada:s3cret@one?token=s3cret", "ftp://ada:s3cret@one", "nats://ada:s3cret@one,nats://bob:s3cret@two", "nats://ada:s3cret@one,ws://two", "nats://s3cret@one?tls=s3cret2"]) {
      assert.throws(() => readUrl(url), (error: Error & { code?: string }) => error.code === "invalid-input" && (url.endsWith("s3cret2") || !/s3|cret/.test(error.message + String(error.cause))), url);
    }
  });
});

describe("settings of a NATS connection", () => {
  it("are localhost when nothing says otherwise", async () => {
    assert.deepEqual(await settled({}), { servers: "nats://localhost:4222", options: {} });
    assert.equal((await settled({ url: "nats://" })).servers, "nats://localhost:4222");
  });

  it("come from what is given, then the URL, then the context, then the environment", async (t) => {
    const config = await temporaryFolder(t, {
      "nats/context/prod.json": JSON.stringify({ url: "nats://prod:4222", user: "ada", password: "from-context", jetstream_domain: "hub", inbox_prefix: "_CTX", tls_first: true }),
    });
    const env = { XDG_CONFIG_HOME: config, NATS_CREDS: "/env.creds" };
    assert.deepEqual(await settled({ context: "prod", domain: "leaf", name: "mine" }, env), {
      servers: "nats://prod:4222",
      options: { context: "prod", user: "ada", password: "from-context", domain: "leaf", inboxPrefix: "_CTX", tlsFirst: true, name: "mine" },
    });
    assert.equal((await settled({ url: "nats://other?context=prod&domain=leaf", domain: "top" }, env)).servers, "nats://other:4222");
    assert.equal((await settled({ url: "nats://other?context=prod&domain=leaf", domain: "top" }, env)).options.domain, "top");
  });

  it("take a login whole from the first that has one, so that no password goes to another user's server", async (t) => {
    const config = await temporaryFolder(t, { "nats/context/prod.json": JSON.stringify({ url: "nats://prod", user: "ada", password: "from-context" }) });
    const { options } = await settled({ context: "prod", creds: "/mine.creds" }, { XDG_CONFIG_HOME: config });
    assert.deepEqual(options, { context: "prod", creds: "/mine.creds" });
    assert.deepEqual((await settled({ url: "nats://other" }, { NATS_CREDS: "/env.creds", NATS_NKEY: "/env.nk" })).options, { creds: "/env.creds", nkey: "/env.nk" });
  });

  it("of the environment count where no server is named", async (t) => {
    const config = await temporaryFolder(t, {
      "nats/context.txt": "picked\n",
      "nats/context/picked.json": JSON.stringify({ url: "nats://picked" }),
      "nats/context/other.json": JSON.stringify({ url: "nats://other", token: "t" }),
    });
    const env = { XDG_CONFIG_HOME: config };
    assert.equal((await settled({ url: "nats:" }, env)).servers, "nats://picked:4222");
    assert.deepEqual(await settled({}, { ...env, NATS_CONTEXT: "other" }), { servers: "nats://other:4222", options: { token: "t" } });
    assert.deepEqual(await settled({}, { ...env, NATS_URL: "tls://u:p@env" }), { servers: "tls://env:4222", options: { user: "u", password: "p", tls: true } });
    assert.equal((await settled({ url: "nats://named" }, { ...env, NATS_URL: "nats://env", NATS_CONTEXT: "other" })).servers, "nats://named:4222");
    assert.equal((await settled({ context: "other" }, { ...env, NATS_URL: "nats://env" })).servers, "nats://other:4222");
  });

  it("with two ways to log in are refused", async () => {
    await assert.rejects(settle({ url: "nats://ada:pw@one", creds: "a.creds" }, around()), { code: "invalid-input", message: /user, creds; user by the URL/ });
  });
});

describe("contexts of the nats CLI", () => {
  it("are listed with the selected one, without anything secret", async (t) => {
    const config = await temporaryFolder(t, {
      "nats/context.txt": "b",
      "nats/context/b.json": JSON.stringify({ url: "nats://ada:s3cret@one,nats://two", description: "Two servers", password: "s3cret" }),
      "nats/context/a.json": JSON.stringify({ nsc: "nsc://op/acc/user" }),
      "nats/context/broken.json": "{",
      "nats/context/notes.txt": "no context",
    });
    assert.deepEqual(listContexts({ XDG_CONFIG_HOME: config }), [
      { name: "a", description: "", url: "", selected: false },
      { name: "b", description: "Two servers", url: "nats://one:4222,nats://two:4222", selected: true },
    ]);
  });

  it("are none where the nats CLI never was", async (t) => {
    const home = await temporaryFolder(t);
    assert.deepEqual(listContexts({ HOME: home }), []);
    assert.equal(selectedContext({ HOME: home }), undefined);
  });

  it("are found in the home folder without XDG_CONFIG_HOME", async (t) => {
    const home = await temporaryFolder(t, { ".config/nats/context/a.json": "{}" });
    assert.deepEqual(listContexts({ HOME: home }).map(({ name }) => name), ["a"]);
  });

  it("that don't exist or can't be read are refused, naming what there is", async (t) => {
    const config = await temporaryFolder(t, { "nats/context/real.json": "{}", "nats/context/proxied.json": '{"socks_proxy": "socks5://proxy"}', "nats/context/broken.json": '{"password": "s3cret",,' });
    const env = { XDG_CONFIG_HOME: config };
    await assert.rejects(settle({ context: "none" }, around(env)), { code: "invalid-input", message: /no context none .*broken, proxied, real/ });
    await assert.rejects(settle({ context: "proxied" }, around(env)), { code: "unsupported", message: /SOCKS/ });
    await assert.rejects(settle({ context: "../real" }, around(env)), { code: "invalid-input", field: "context" });
    await assert.rejects(settle({ context: "broken" }, around(env)), (error: Error) => /isn't JSON/.test(error.message) && !error.message.includes("s3cret") && error.cause === undefined);
  });
});

describe("a secret", () => {
  it("is found in a file, read again when it changes, and kept while it can't be read", async (t) => {
    const folder = await temporaryFolder(t, { token: "first\n" });
    const secret = await literalSecret(`file://${folder}/token`, "the token", around());
    assert.equal(secret(), "first");
    await writeFile(join(folder, "token"), "second");
    assert.equal(secret(), "second");
    await rm(join(folder, "token"));
    assert.equal(secret(), "second");
  });

  it("is found in the environment or in the value itself", async () => {
    assert.equal((await literalSecret("env://TOKEN", "the token", around({ TOKEN: "t" })))(), "t");
    assert.equal((await literalSecret(`data:;base64,${Buffer.from("inline").toString("base64")}`, "the token", around()))(), "inline");
    assert.equal((await literalSecret("just://text", "the token", around()))(), "just://text");
  });

  it("that is missing is an error that names where it should be", async () => {
    await assert.rejects(literalSecret("env://TOKEN", "the token", around()), { code: "invalid-input", message: /TOKEN.*the token/ });
    await assert.rejects(login({ creds: "~/none.creds" }, around()), { code: "invalid-input", message: /\/nobody\/none\.creds.*no such file/ });
    await assert.rejects(login({ jwt: "eyJ" }, around()), { code: "invalid-input", field: "seed" });
  });

  it("from a program needs a yes to that very command", async (t) => {
    const bin = await temporaryFolder(t, {
      op: "#!/bin/sh\n[ \"$1 $2\" = 'read op://vault/item/field' ] && echo from-op\n",
      nsc: "#!/bin/sh\necho '{\"user_creds\": \"'\"$CREDS\"'\", \"operator\": {\"service\": [\"nats://nsc:4222\"]}}'\n",
      "nats/context/n.json": JSON.stringify({ nsc: "nsc://o/a/u" }),
      "user.creds": "creds text",
    });
    await Promise.all(["op", "nsc"].map((name) => chmod(join(bin, name), 0o755)));
    const env = { PATH: [bin, process.env["PATH"]].join(delimiter), CREDS: join(bin, "user.creds"), XDG_CONFIG_HOME: bin };
    const asked: (readonly string[])[] = [];
    const allowing = around(env, { allowProgram: (command) => { asked.push(command); return true; } });
    await assert.rejects(literalSecret("op://vault/item/field", "the token", around(env)), { code: "permission-denied", message: /op read op:\/\/vault/ });
    await assert.rejects(literalSecret("op://vault/item/field", "the token", around(env, { allowProgram: () => false })), { code: "permission-denied" });
    assert.equal((await literalSecret("op://vault/item/field", "the token", allowing))(), "from-op");
    const { servers, options } = await settle({ context: "n" }, allowing);
    assert.deepEqual([shownServers(servers), options.creds], ["nats://nsc:4222", join(bin, "user.creds")]);
    assert.deepEqual(asked, [["op", "read", "op://vault/item/field"], ["nsc", "generate", "profile", "nsc://o/a/u"]]);
    await assert.rejects(literalSecret("op://another", "the token", allowing), { code: "invalid-input", message: /op read op:\/\/another didn't give the token/ });
  });

  it("file's path may have ~ and variables in it", () => {
    assert.equal(expandedPath("~/a", around({ HOME: "/home/ada" })), "/home/ada/a");
    assert.equal(expandedPath("$DIR/${NAME}.creds", around({ DIR: "/etc", NAME: "n" })), "/etc/n.creds");
    assert.equal(expandedPath("file:///etc/a", around()), "/etc/a");
    assert.equal(expandedPath("a.creds", around()), "/work/a.creds");
  });
});
