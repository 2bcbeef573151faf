import assert from "node:assert/strict";
import fs, { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { isSafeSqlite, networkFileSystem } from "../../src/brokers/local/platform.ts";
import { type ErrorCode, isQueuescopeError, textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "./support/folder.ts";
import { RemoteBroker } from "./support/remote.ts";

const newPath = (t: TestContext): string => join(temporaryFolder(t), "queues.db");

/** Refused with this code, in words that name the file, and the file is what it was. */
async function refused(path: string, code: ErrorCode, words: RegExp): Promise<void> {
  const before = existsSync(path) ? readFileSync(path) : null;
  await assert.rejects(openLocal(path), (error) => {
    assert.ok(isQueuescopeError(error, code), String(error));
    assert.match(error.message, words);
    return true;
  });
  if (before !== null) assert.deepEqual(readFileSync(path), before, "the file was left as it was");
}

async function queueFile(path: string): Promise<void> {
  const broker = await openLocal(path);
  await broker.messages.push("orders", Array.from({ length: 200 }, () => ({ payload: textPayload("x".repeat(500)) })));
  await broker.close();
}

function changed(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

test("a SQLite that can corrupt files which several processes write is refused", async (t) => {
  for (const version of ["3.7.0", "3.44.5", "3.46.1", "3.50.6", "3.51.0", "3.51.2"]) assert.equal(isSafeSqlite(version), false, version);
  for (const version of ["3.44.6", "3.50.7", "3.51.3", "3.53.4", "4.0.0"]) assert.equal(isSafeSqlite(version), true, version);
  const path = newPath(t);
  const prepare = DatabaseSync.prototype.prepare; // eslint-disable-line @typescript-eslint/unbound-method -- called with its database below
  t.mock.method(DatabaseSync.prototype, "prepare", function (this: DatabaseSync, sql: string) {
    return prepare.call(this, sql.replace("sqlite_version()", "'3.51.2'"));
  });
  await refused(path, "version-unsupported", /SQLite 3\.51\.2.*Node\.js .*24\.15\.0/s);
});

test("a file on a network file system is refused, and isn't made there", async (t) => {
  for (const type of [0x6969, 0x517b, 0xff534d42, 0x01021997, 0x6a656a63]) assert.notEqual(networkFileSystem(type), null);
  for (const type of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630]) assert.equal(networkFileSystem(type), null); // ext4, XFS, Btrfs, tmpfs, overlay
  const path = newPath(t);
  const { statfsSync } = fs;
  const answers = t.mock.method(fs, "statfsSync", (place: string) => Object.assign(statfsSync(place), { type: 0x6969 }));
  syncBuiltinESMExports();
  t.after(() => {
    answers.mock.restore();
    syncBuiltinESMExports();
  });
  await refused(path, "unsupported", /NFS.*local disk/s);
  assert.equal(existsSync(path), false);
});

test("a file that a newer version wrote is refused", async (t) => {
  const path = newPath(t);
  await queueFile(path);
  changed(path, "PRAGMA user_version = 99; UPDATE meta SET value = 99 WHERE key = 'min_reader'");
  await refused(path, "version-unsupported", /newer Queuescope.*Update/s);
});

test("a file of a newer version that says it is good for this one opens", async (t) => {
  const path = newPath(t);
  await queueFile(path);
  changed(path, "PRAGMA user_version = 99");
  const broker = await openLocal(path);
  t.after(() => broker.close());
  assert.equal((await broker.inspect.stats("orders")).counts.ready, 200);
});

test("another program's SQLite file is refused", async (t) => {
  const path = newPath(t);
  changed(path, "CREATE TABLE bookmarks (url TEXT)");
  await refused(path, "corrupt", /another program/);
});

test("another program's SQLite file in WAL mode is refused", async (t) => {
  const path = newPath(t);
  changed(path, "PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url TEXT)");
  await refused(path, "corrupt", /another program/);
});

test("a file that isn't SQLite's is refused", async (t) => {
  const path = newPath(t);
  writeFileSync(path, "Dear diary,\n".repeat(500));
  await refused(path, "corrupt", /queues\.db/);
});

for (const [what, damage] of [
  ["cut off", (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length / 2))],
  ["overwritten in the middle", (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xa5)])],
] as const) {
  test(`a damaged queue file is refused as corrupt, at the latest when the damage is met: ${what}`, async (t) => {
    const path = newPath(t);
    await queueFile(path);
    writeFileSync(path, damage(readFileSync(path)));
    const use = async (): Promise<void> => {
      const broker = await openLocal(path);
      try {
        while ((await broker.messages.pop("orders", { batch: 100 })).length > 0);
        await broker.messages.push("orders", [{ payload: textPayload("a") }]);
      } finally {
        await broker.close();
      }
    };
    await assert.rejects(use, (error) => {
      assert.ok(isQueuescopeError(error, "corrupt"), String(error));
      assert.ok(error.message.includes(path));
      return true;
    });
  });
}

test("an empty file, such as a crash at its making can leave, becomes a queue file", async (t) => {
  const path = newPath(t);
  writeFileSync(path, "");
  await queueFile(path);
});

test("a folder in the file's place is refused", async (t) => {
  const path = newPath(t);
  mkdirSync(path);
  await assert.rejects(openLocal(path), (error) => isQueuescopeError(error) && error.message.includes("folder"));
});

test("a folder that may not be written is refused as permission-denied", { skip: process.platform === "win32" ? "no POSIX permissions" : false }, async (t) => {
  const folder = join(temporaryFolder(t), "locked");
  mkdirSync(folder);
  chmodSync(join(folder, ".."), 0o755);
  chmodSync(folder, 0o555);
  const broker = new RemoteBroker(t, [join(folder, "queues.db"), ...(process.getuid?.() === 0 ? ["65534"] : [])]);
  const refusal = await broker.opened();
  assert.equal(refusal?.code, "permission-denied", JSON.stringify(refusal));
  assert.ok(refusal.message.includes(folder));
});
