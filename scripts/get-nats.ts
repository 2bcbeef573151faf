/** `node scripts/get-nats.ts`: gets the nats-servers that tests and benchmarks start, once. What can't be had is noted, and its tests are skipped. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { downloadRelease, RELEASE } from "../src/client/nats-server/release.ts";
import { findNats, NATS_BINARY, natsFolder, NATS_VARIABLE, NATS_VERSIONS, type NatsVersion } from "./nats-servers.ts";

const run = promisify(execFile);

/** A way to get a version. @returns a path in `folder` to keep, or one elsewhere that stays where it is; `null`: not on this machine */
type Source = (folder: string) => Promise<{ readonly path: string; readonly stays?: true } | null>;

const LAST_2_9 = "2.9.25";

const SOURCES: Readonly<Record<NatsVersion, Readonly<Record<string, Source>>>> = {
  newest: { "the nats-server on PATH": onPath, "go install": goInstall(RELEASE), "the official release": release(RELEASE) },
  "2.9": { "Debian's package": debianPackage, "go install": goInstall(LAST_2_9), "the official release": release(LAST_2_9) },
};

const FITS: Readonly<Record<NatsVersion, (major: number, minor: number) => boolean>> = {
  newest: (major, minor) => major > 2 || (major === 2 && minor >= 12),
  "2.9": (major, minor) => major === 2 && minor === 9,
};

async function get(version: NatsVersion): Promise<void> {
  const found = findNats(version);
  if ("path" in found) return;
  if (process.env[NATS_VARIABLE[version]]) {
    console.log(`${found.missing}; what needs it is skipped.`);
    return;
  }
  const problems: string[] = [];
  for (const [name, source] of Object.entries(SOURCES[version])) {
    const folder = await mkdtemp(join(tmpdir(), "queuescope-get-nats-"));
    try {
      const found = await source(folder);
      if (found === null) continue;
      const exact = await versionOf(found.path);
      if (!FITS[version](...exact)) throw new Error(`it is version ${exact.join(".")}`);
      await keep(version, found);
      console.log(`nats-server ${exact.join(".")} (${version}): from ${name}`);
      return;
    } catch (error) {
      problems.push(`${name}: ${reason(error)}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  await mkdir(natsFolder(version), { recursive: true });
  await writeFile(join(natsFolder(version), "missing"), `no nats-server (${version}) can be had here: ${problems.join("; ") || "neither go nor a package"}`);
  console.log(`nats-server (${version}) can't be had here; what needs it is skipped. ${problems.join("; ")}`);
}

async function keep(version: NatsVersion, { path, stays }: { readonly path: string; readonly stays?: true }): Promise<void> {
  const folder = natsFolder(version);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  if (stays === true) {
    await writeFile(join(folder, "path"), path);
    return;
  }
  // Complete under its name, or not there: temporary folders may be on another disk.
  const unfinished = join(folder, "unfinished");
  await copyFile(path, unfinished);
  await chmod(unfinished, 0o755);
  await rename(unfinished, join(folder, NATS_BINARY));
}

async function versionOf(path: string): Promise<[number, number]> {
  const { stdout } = await run(path, ["--version"]);
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(stdout) ?? [];
  if (major === undefined || minor === undefined) throw new Error(`it calls itself ${JSON.stringify(stdout.trim())}`);
  return [Number(major), Number(minor)];
}

async function onPath(): ReturnType<Source> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, NATS_BINARY);
    if (folder !== "" && existsSync(path) && FITS.newest(...await versionOf(path))) return { path, stays: true };
  }
  return null;
}

/** A newer Go than the machine's is fetched by go itself where the module asks for it. */
function goInstall(version: string): Source {
  return async (folder) => {
    if (!await works("go", ["version"])) return null;
    console.log(`Building nats-server ${version} (go install)…`);
    await run("go", ["install", `github.com/nats-io/nats-server/v2@v${version}`], { env: { ...process.env, GOBIN: folder }, maxBuffer: 64 * 1024 * 1024 });
    return { path: join(folder, NATS_BINARY) };
  };
}

/** Downloaded and unpacked, so that no service gets installed. */
async function debianPackage(folder: string): ReturnType<Source> {
  if (!await works("apt-get", ["--version"]) || !await works("dpkg-deb", ["--version"])) return null;
  const { stdout } = await run("apt-cache", ["madison", "nats-server"]);
  const version = stdout.split("\n").map((line) => line.split("|")[1]?.trim()).find((candidate) => candidate?.startsWith("2.9."));
  if (version === undefined) return null;
  await run("apt-get", ["download", `nats-server=${version}`], { cwd: folder });
  const archive = (await readdir(folder)).find((file) => file.endsWith(".deb"));
  if (archive === undefined) throw new Error("apt-get download left no package");
  await run("dpkg-deb", ["-x", join(folder, archive), folder]);
  return { path: join(folder, "usr", "sbin", NATS_BINARY) };
}

function release(version: string): Source {
  return async (folder) => ({ path: await downloadRelease({ folder, version }) });
}

async function works(command: string, args: readonly string[]): Promise<boolean> {
  return await run(command, args).then(() => true, () => false);
}

/** One line: what a command said last, or the error's own words. */
function reason(error: unknown): string {
  const { message, stderr } = error as Error & { stderr?: string };
  return (stderr?.trim() || message).split("\n").at(-1) ?? "";
}

for (const version of NATS_VERSIONS) await get(version);
