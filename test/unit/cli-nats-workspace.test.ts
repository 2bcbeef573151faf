import { createUser } from "@nats-io/nkeys";
import assert from "node:assert/strict";
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { CliFolder, records } from "../support/cli.ts";
import { natsSkip, startNatsServer, type NatsServer } from "../support/nats-server.ts";

const user = createUser();
const seed = new TextDecoder().decode(user.getSeed());

describe("connections to NATS in queuescope.json, on the command line", { skip: natsSkip(), timeout: 120_000 }, () => {
  let server: NatsServer;
  let cli: CliFolder;
  before(async () => {
    server = await startNatsServer({ config: `authorization: { users: [{ user: ada, password: "p@ss:word" }, { nkey: ${user.getPublicKey()} }] }` });
    cli = await CliFolder.make();
  });
  after(async () => {
    await cli[Symbol.asyncDispose]();
    await server.stop();
  });
  const address = (): string => `127.0.0.1:${server.port}`;
  const workspace = (file: object): Promise<void> => writeFile(cli.file("queuescope.json"), JSON.stringify(file));
  const ada = { ADA: "p@ss:word" };
  const login = { QUEUESCOPE_CREDENTIALS: "p@ss:word" };

  it("log in with what the environment variable holds: a password, or the seed of an nkey", async () => {
    await workspace({
      connections: { team: { url: `nats://ada@${address()}`, credentials: { env: "ADA" } }, key: { url: `nats://${address()}`, credentials: { env: "SEED" } }, file: { url: "file:here.db" } },
      queues: { mails: { retryLimit: 5 }, orders: { connection: "key", ordered: true }, local: { connection: "file" } },
    });
    const env = { ...ada, SEED: seed };
    const dry = await cli.json(["apply", "--dry-run"], { env });
    assert.deepEqual(dry.map(({ queue, action }) => [queue, action]), [["mails", "create"], ["orders", "create"], ["local", "create"]]);
    const applied = await cli.json(["apply"], { env });
    assert.deepEqual(applied.map(({ queue, connection, action }) => [queue, connection, action]), [["mails", "team", "create"], ["orders", "key", "create"], ["local", "file", "create"]]);
    assert.deepEqual((await cli.json(["apply"], { env })).map(({ action }) => action), ["none", "none", "none"]);
    const names = await cli.json(["queue", "list"], { env: { ...login, QUEUESCOPE_URL: `nats://ada@${address()}` } });
    assert.deepEqual(names.map(({ name }) => name), ["mails", "orders"]);
  });

  it("say which variable is missing, that the login is wrong, or that a command can't read the editor's secrets", async () => {
    await workspace({ connections: { team: { url: `nats://ada@${address()}`, credentials: { env: "ADA" } } }, queues: { mails: {} } });
    const missing = await cli.refused(["apply"]);
    assert.deepEqual([missing.code, /variable ADA, which isn't set/.test(missing.message)], ["invalid-input", true], missing.message);
    const wrong = await cli.refused(["apply"], { env: { ADA: "s3cret" } });
    assert.equal(wrong.code, "permission-denied");
    assert.doesNotMatch(wrong.message, /s3cret/);
    await workspace({ connections: { team: { url: `nats://ada@${address()}`, credentials: { secret: "ada" } } }, queues: { mails: {} } });
    assert.match((await cli.refused(["apply"])).message, /secret storage.*QUEUESCOPE_CREDENTIALS/);
  });

  it("hold no password in the URL of any of their servers", async () => {
    for (const url of ["nats://ada:secret@one", "nats://one,nats://ada:secret@two", "nats://one:4222,ada:secret@two"]) {
      await workspace({ connections: { team: { url } } });
      const { code, message } = await cli.refused(["apply"]);
      assert.deepEqual([code, /holds a password/.test(message), message.includes("secret")], ["invalid-input", true, false], message);
    }
    await workspace({ connections: { team: { url: "nats://one:4222,ada@two:4222?name=a:b@c" } } });
    await cli.text(["apply"]);
  });

  it("that are read only are not changed, and run no worker", async () => {
    await cli.json(["push", "given", "1"], { env: { ...login, QUEUESCOPE_URL: `nats://ada@${address()}` } });
    await workspace({ connections: { team: { url: `nats://ada@${address()}`, credentials: { env: "ADA" }, readOnly: true } }, queues: { given: { retryLimit: 9 } }, workers: { w: { queue: "given", command: "true" } } });
    assert.equal((await cli.refused(["apply"], { env: ada })).code, "read-only");
    assert.equal((await cli.refused(["worker", "--name", "w"], { env: ada })).code, "read-only");
  });

  it("are a worker's, and of what its handler or program connects to by itself, from any folder", async () => {
    await mkdir(cli.file("below"), { recursive: true });
    await writeFile(cli.file("copy.mjs"), `
      import { connect } from ${JSON.stringify(new URL("../../src/client/index.ts", import.meta.url).href)};
      export default async ({ data }) => { const queues = await connect(); await queues.queue("copied").push({ copy: data }); await queues.close(); };`);
    await writeFile(cli.file("say.mjs"), "import { writeFileSync } from 'node:fs'; writeFileSync('said', `${process.env.QUEUESCOPE_URL} ${process.env.QUEUESCOPE_CREDENTIALS}`);");
    await workspace({
      connections: { team: { url: `nats://ada@${address()}`, credentials: { env: "ADA" } } },
      workers: { copier: { queue: "source", handler: "./copy.mjs" }, program: { queue: "source", group: "g", command: [process.execPath, "say.mjs"] } },
    });
    const direct = { env: { ...login, QUEUESCOPE_URL: `nats://ada@${address()}` } };
    await cli.json(["push", "source", '{"n":1}'], direct);
    for (const name of ["copier", "program"]) {
      const ended = await cli.run(["worker", "--name", name, "--drain", "--json"], { env: ada, cwd: cli.file("below") });
      assert.deepEqual(records(ended.stdout), [{ processed: 1, failed: 0, reason: "drained" }], ended.stderr);
    }
    assert.deepEqual((await cli.json(["peek", "copied"], direct)).map(({ data }) => data), [{ copy: { n: 1 } }]);
    assert.equal(await readFile(cli.file("said"), "utf8"), `nats://ada@${address()} p@ss:word`);
  });

  it("in a file, are found from the workspace file's folder by a worker, too", async () => {
    await writeFile(cli.file("nothing.mjs"), "export default () => {};");
    await workspace({ connections: { here: { url: "file:worked.db" } }, workers: { w: { queue: "local", handler: "nothing.mjs" } } });
    await cli.json(["push", "local", "1", "--url", "file:worked.db"]);
    const ended = await cli.run(["worker", "--name", "w", "--drain", "--json"], { cwd: cli.file("below") });
    assert.deepEqual(records(ended.stdout), [{ processed: 1, failed: 0, reason: "drained" }], ended.stderr);
  });
});
