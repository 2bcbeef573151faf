import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { afterEach, describe, it } from "node:test";
import { EncryptionKey } from "../../src/extension/encryptionKey.ts";
import { offerSecrets, takeSecrets } from "../../src/extension/workers/handover.ts";
import { until } from "../support/until.ts";

const KEY = "ab".repeat(32);
const OTHER = "cd".repeat(32);

/** The editor's secret storage, as far as it is used. */
function stored(): { readonly key: EncryptionKey; readonly warnings: string[] } {
  const secrets = new Map<string, string>();
  const warnings: string[] = [];
  const key = new EncryptionKey(
    {
      get: (name) => Promise.resolve(secrets.get(name)),
      store: (name, value) => Promise.resolve(void secrets.set(name, value)),
      delete: (name) => Promise.resolve(void secrets.delete(name)),
    },
    (message) => warnings.push(message),
  );
  return { key, warnings };
}

describe("the encryption key", () => {
  afterEach(() => { delete process.env["QUEUESCOPE_ENCRYPTION_KEY"]; });

  it("is the stored one, until it is removed", async () => {
    const { key, warnings } = stored();
    await key.set(KEY);
    assert.equal(await key.get(), KEY);
    assert.equal(key.isOverridden, false);
    await key.set("");
    assert.equal(await key.get(), undefined);
    assert.deepEqual(warnings, []);
  });

  it("of the environment comes before a stored one, which is said once", async () => {
    const { key, warnings } = stored();
    await key.set(KEY);
    process.env["QUEUESCOPE_ENCRYPTION_KEY"] = OTHER;
    assert.equal(await key.get(), OTHER);
    assert.equal(await key.get(), OTHER);
    assert.equal(key.isOverridden, true);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /QUEUESCOPE_ENCRYPTION_KEY/);
    assert.ok(!(warnings[0] ?? "").includes(KEY));
  });

  it("that is the same in both places is nothing to speak of", async () => {
    const { key, warnings } = stored();
    await key.set(KEY);
    process.env["QUEUESCOPE_ENCRYPTION_KEY"] = KEY;
    assert.equal(await key.get(), KEY);
    assert.deepEqual(warnings, []);
  });
});

describe("a key that is handed to a worker", () => {
  it("is given once, and leaves nothing behind", async () => {
    const { address } = await offerSecrets({ encryptionKey: KEY }, { again: false });
    assert.deepEqual(await takeSecrets(address), { encryptionKey: KEY });
    await assert.rejects(takeSecrets(address), /doesn't offer its secrets any more. Start the worker again/);
    if (process.platform !== "win32") await until("the socket's folder to be gone", () => !existsSync(dirname(address)));
  });

  it("is given to one of two that ask at the same time", async () => {
    const { address } = await offerSecrets({ encryptionKey: KEY }, { again: false });
    const answers = await Promise.allSettled([takeSecrets(address), takeSecrets(address)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  });

  it("is given again to a worker that is started again, until that is over", async () => {
    const { address, close } = await offerSecrets({ encryptionKey: KEY }, { again: true });
    assert.deepEqual(await takeSecrets(address), { encryptionKey: KEY });
    assert.deepEqual(await takeSecrets(address), { encryptionKey: KEY });
    await close();
    await assert.rejects(takeSecrets(address), /doesn't offer/);
  });

  it("is out of the reach of other users", { skip: process.platform === "win32" && "Windows has no modes" }, async () => {
    const { address, close } = await offerSecrets({ encryptionKey: KEY }, { again: true });
    assert.equal((await stat(dirname(address))).mode & 0o777, 0o700);
    await close();
  });
});
