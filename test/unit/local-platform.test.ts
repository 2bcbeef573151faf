import assert from "node:assert/strict";
import { it } from "node:test";
import { checkFileSystem, checkSqlite, isSafeSqlite, networkFileSystem, noSqlite } from "../../src/brokers/local/platform.ts";
import { isQueuescopeError } from "../../src/core/index.ts";

it("only SQLite without the WAL-reset bug is safe: 3.51.3, and what it was backported to", () => {
  for (const safe of ["3.51.3", "3.52.0", "3.53.4", "4.0.0", "3.50.7", "3.44.6"]) assert.equal(isSafeSqlite(safe), true, safe);
  for (const unsafe of ["3.51.2", "3.51.0", "3.50.6", "3.49.9", "3.45.1", "3.44.5", "3.7.0"]) assert.equal(isSafeSqlite(unsafe), false, unsafe);
});

it("an unsafe or missing SQLite is refused with the versions that help", () => {
  assert.throws(() => { checkSqlite("3.50.4", "24.11.0"); }, (error) => isQueuescopeError(error, "version-unsupported") && error.message.includes("24.15.0") && error.message.includes("24.11.0"));
  checkSqlite("3.53.4", "24.21.0");
  assert.match(noSqlite("20.0.0", null).message, /Node\.js 20\.0\.0 has no SQLite.*22\.22\.3/);
});

it("network and shared file systems are refused, local ones are not", () => {
  for (const [type, name] of [[0x6969, "NFS"], [0xff534d42, "CIFS"], [0xff534d42 | 0, "CIFS"], [0xfe534d42, "SMB2"], [0x01021997, "9p"], [0x6a656a63, "virtiofs"], [0x65735546, "FUSE"]] as const) {
    assert.match(networkFileSystem(type) ?? "", new RegExp(`^${name}`));
    assert.throws(() => { checkFileSystem(type, "/mnt/queues.db"); }, (error) => isQueuescopeError(error, "unsupported") && error.message.includes("/mnt/queues.db"));
  }
  for (const local of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1]) checkFileSystem(local, "/home/queues.db");
});
