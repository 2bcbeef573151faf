import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { AwaitedFile } from "../../src/extension/connections/awaitFile.ts";

describe("a file that isn't there yet", () => {
  let home = "";
  beforeEach(async () => { home = await mkdtemp(join(tmpdir(), "queuescope-await-")); });
  afterEach(() => rm(home, { recursive: true, force: true }));

  /** Resolves when the file is seen, together with who waits, which is to be closed. */
  const awaiting = (path: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    return { file: new AwaitedFile(path, () => { resolve("made"); }, reject), made: promise };
  };

  it("is seen when it is made", async () => {
    const { made } = awaiting(join(home, "shop.db"));
    await writeFile(join(home, "shop.db"), "");
    assert.equal(await made, "made");
  });

  it("is seen in a folder that isn't there yet either", async () => {
    const { made } = awaiting(join(home, "data", "eu", "shop.db"));
    await mkdir(join(home, "data", "eu"), { recursive: true });
    await writeFile(join(home, "data", "eu", "shop.db"), "");
    assert.equal(await made, "made");
  });

  it("is seen after its folder was deleted and made again", async () => {
    await mkdir(join(home, "data"));
    const { made } = awaiting(join(home, "data", "shop.db"));
    await rm(join(home, "data"), { recursive: true });
    await mkdir(join(home, "data"));
    await writeFile(join(home, "data", "shop.db"), "");
    assert.equal(await made, "made");
  });

  it("is seen at once when it is there after all", async () => {
    await writeFile(join(home, "shop.db"), "");
    assert.equal(await awaiting(join(home, "shop.db")).made, "made");
  });

  it("is forgotten when nobody waits any more", async () => {
    const seen: string[] = [];
    const forgotten = new AwaitedFile(join(home, "shop.db"), () => seen.push("forgotten"), () => undefined);
    forgotten.close();
    const { made } = awaiting(join(home, "shop.db"));
    await writeFile(join(home, "shop.db"), "");
    await made;
    assert.deepEqual(seen, []);
  });
});
