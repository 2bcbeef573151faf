import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { archiveName, archiveUrl, downloadRelease, RELEASE } from "../../src/client/nats-server/release.ts";
import { isQueuescopeError, type ErrorCode } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ARCHIVE, release, releaseServer, sha256, type Files } from "../support/release-server.ts";

const SCRIPT = `#!/bin/sh\necho "nats-server: v${RELEASE}"\n`;

function refusal(code: ErrorCode, text: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(isQueuescopeError(error, code), String(error));
    assert.match(error.message, text);
    return true;
  };
}

async function refused(context: TestContext, files: Files, code: ErrorCode, text: RegExp): Promise<readonly string[]> {
  const { mirror, asked } = await releaseServer(context, files);
  const folder = await temporaryFolder(context);
  await assert.rejects(downloadRelease({ mirror, folder }), refusal(code, text));
  assert.deepEqual(await readdir(folder), [], "nothing is left behind");
  return asked;
}

describe("the download of nats-server", () => {
  it("brings the release's binary, ready to run, and says how far it is", async (context) => {
    const files = release(SCRIPT);
    const { mirror, asked } = await releaseServer(context, files);
    const folder = join(await temporaryFolder(context), "made", "on", "the", "way");
    const progress: [number, number | undefined][] = [];
    const path = await downloadRelease({ mirror: `${mirror}/`, folder, onProgress: (...step) => { progress.push(step); } });
    assert.equal(await readFile(path, "utf8"), SCRIPT);
    assert.equal((await stat(path)).mode & 0o111, 0o111);
    assert.equal((await promisify(execFile)(path)).stdout, `nats-server: v${RELEASE}\n`);
    assert.deepEqual(await readdir(folder), ["nats-server"]);
    assert.deepEqual(asked, ["SHA256SUMS", ARCHIVE]);
    assert.equal(progress.at(-1)?.[0], files[ARCHIVE]?.length);
  });

  it("throws away an archive that hasn't its checksum", async (context) => {
    const wrong = "a".repeat(64);
    await refused(context, { ...release(SCRIPT), SHA256SUMS: `${wrong}  ${ARCHIVE}\n` }, "corrupt", new RegExp(`SHA-256 is [0-9a-f]{64}, and SHA256SUMS has ${wrong}`));
  });

  it("doesn't get an archive that can't be verified", async (context) => {
    assert.deepEqual(await refused(context, { ...release(SCRIPT), SHA256SUMS: `${"a".repeat(64)}  other-${ARCHIVE}\n` }, "corrupt", /names no checksum of nats-server-v/), ["SHA256SUMS"]);
    assert.deepEqual(await refused(context, {}, "unavailable", /SHA256SUMS can't be downloaded: the server answers 404/), ["SHA256SUMS"]);
  });

  it("refuses archives that hold no nats-server, or are none", async (context) => {
    await refused(context, release(SCRIPT, { name: "other" }), "corrupt", /holds no nats-server/);
    const noise = Buffer.from("no archive at all");
    await refused(context, { [ARCHIVE]: noise, SHA256SUMS: `${sha256(noise)}  ${ARCHIVE}\n` }, "corrupt", /can't be unpacked/);
  });

  it("says what is wrong with the network", async (context) => {
    const { SHA256SUMS = "" } = release(SCRIPT);
    await refused(context, { SHA256SUMS }, "unavailable", /\.zip can't be downloaded: the server answers 404/);

    const cutting = createServer((socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf of it"))).listen(0, "127.0.0.1");
    await once(cutting, "listening");
    const mirror = `http://127.0.0.1:${(cutting.address() as AddressInfo).port}`;
    const folder = await temporaryFolder(context);
    await assert.rejects(downloadRelease({ mirror, folder }), refusal("unavailable", /can't be downloaded: (?!fetch failed|terminated)\S.*QUEUESCOPE_NATS_MIRROR/));
    await once(cutting.close(), "close");
    await assert.rejects(downloadRelease({ mirror, folder }), refusal("unavailable", /ECONNREFUSED.*QUEUESCOPE_NATS_MIRROR/));
    assert.deepEqual(await readdir(folder), []);
  });

  it("stops when it is told to", async (context) => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const stopping = new AbortController();
    silent.once("connection", (socket) => {
      context.after(() => { socket.destroy(); });
      stopping.abort();
    });
    context.after(() => { silent.close(); });
    const folder = await temporaryFolder(context);
    await assert.rejects(downloadRelease({ mirror: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, folder, signal: stopping.signal }), refusal("unavailable", /was stopped/));
  });

  it("knows the archives of each platform, and which have none", () => {
    assert.equal(archiveName("2.12.1", "linux", "x64"), "nats-server-v2.12.1-linux-amd64.zip");
    assert.equal(archiveName("2.12.1", "darwin", "arm64"), "nats-server-v2.12.1-darwin-arm64.zip");
    assert.equal(archiveName("2.12.1", "win32", "x64"), "nats-server-v2.12.1-windows-amd64.zip");
    assert.equal(archiveName("2.12.1", "linux", "arm"), "nats-server-v2.12.1-linux-arm7.zip");
    assert.throws(() => archiveName("2.12.1", "sunos", "x64"), refusal("unsupported", /sunos.*QUEUESCOPE_NATS_SERVER/));
    assert.match(archiveUrl(), new RegExp(`^https://github\\.com/nats-io/nats-server/releases/download/v${RELEASE}/${ARCHIVE}$`));
  });
});
