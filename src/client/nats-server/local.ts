import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { QueuescopeError } from "../../core/index.ts";
import { workspaceNats } from "../workspace.ts";
import { obtainBinary, type BinaryOptions, type NatsBinary } from "./binary.ts";
import { ServerFolder, type ServerRecord } from "./folder.ts";
import { freePort, obstacle } from "./port.ts";
import { isProcess, readInfo } from "./process.ts";

/** A workspace's own nats-server. */
export interface LocalNats {
  /** `unresponsive`: its process is there, and doesn't answer on its port (still reading a large store, or stopped). */
  readonly state: "running" | "stopped" | "unresponsive";
  /** Stays valid over restarts; `null` before the first start. */
  readonly url: string | null;
  readonly port: number | null;
  readonly pid: number | null;
  readonly version: string | null;
  /** Whether it goes on when the editor closes the workspace. */
  readonly keep: boolean;
  readonly startedAt: number | null;
  /** Its data and its log. */
  readonly folder: string;
}

export interface StartOptions extends BinaryOptions {
  /** A folder of the workspace; default: the current one. */
  readonly cwd?: string | undefined;
  /** Go on when the editor closes the workspace. Default: as it was the last time. */
  readonly keep?: boolean | undefined;
  /** Default: the port of the last time, at first a free one. 0 takes a free one again. */
  readonly port?: number | undefined;
}

export interface StopOptions {
  readonly cwd?: string | undefined;
  /** Leave a server alone that was told to stay: for a workspace that closes. */
  readonly unlessKept?: boolean | undefined;
}

/** A large store takes its time to be read. */
const START_PATIENCE_MS = 120_000;
const STOP_PATIENCE_MS = 20_000;

export async function localNatsStatus(cwd?: string): Promise<LocalNats> {
  return await look(new ServerFolder(workspaceNats(cwd)));
}

/**
 * Starts the workspace's nats-server, with JetStream, for this machine only; it outlives the calling process.
 * @returns `started: false` when it ran already
 * @throws unavailable when there is no nats-server to run or it doesn't start, invalid-input for a port in use
 */
export async function startLocalNats(options: StartOptions = {}): Promise<LocalNats & { readonly started: boolean }> {
  const folder = new ServerFolder(workspaceNats(options.cwd));
  // Without the lock, since a person may be asked; looked at again with it.
  const binary = (await look(folder)).state === "running" ? null : await obtainBinary(options);
  await folder.make();
  return await folder.alone(options.signal, async () => {
    const now = await look(folder);
    if (now.state === "unresponsive") throw new QueuescopeError("unavailable", `The nats-server of this workspace (process ${now.pid ?? "?"}) runs, but doesn't answer. Wait, if its store is large; or end it: queuescope nats stop. Its log: ${folder.logFile}`);
    if (now.state === "stopped") return { ...await launch(folder, binary ?? await obtainBinary(options), options), started: true };
    if (options.port !== undefined && options.port !== 0 && options.port !== now.port) throw new QueuescopeError("invalid-input", `The nats-server of this workspace runs already, on port ${now.port ?? "?"}. Stop it first to start it on port ${options.port}.`, { field: "port" });
    const record = await folder.record();
    if (record !== null && options.keep !== undefined) await folder.writeRecord({ ...record, keep: options.keep });
    return { ...now, keep: options.keep ?? now.keep, started: false };
  });
}

/** Ends the workspace's nats-server; its data stays. @returns `stopped: false` when there was nothing to end */
export async function stopLocalNats({ cwd, unlessKept = false }: StopOptions = {}): Promise<LocalNats & { readonly stopped: boolean }> {
  const folder = new ServerFolder(workspaceNats(cwd));
  const idle = async (): Promise<LocalNats & { stopped: boolean }> => ({ ...await look(folder), stopped: false });
  if (!folder.exists) return await idle();
  return await folder.alone(undefined, async () => {
    const { state, pid, keep } = await look(folder);
    const record = await folder.record();
    if (state === "stopped" || pid === null || record === null || (unlessKept && keep)) return await idle();
    await end(pid, record.instance);
    await folder.forgetProcess();
    return { ...await look(folder), stopped: true };
  });
}

async function look(folder: ServerFolder): Promise<LocalNats> {
  const record = folder.exists ? await folder.record() : null;
  const nobody = { state: "stopped", pid: null, version: null, startedAt: null, folder: folder.path } as const;
  if (record === null) return { ...nobody, url: null, port: null, keep: false };
  const { instance, port, keep, startedAt } = record;
  const found = { url: `nats://127.0.0.1:${port}`, port, keep, folder: folder.path };
  const pid = await folder.pid();
  if (pid === null) return { ...nobody, ...found };
  const info = await readInfo(port);
  if (info?.name === instance) return { ...found, state: "running", pid, version: info.version, startedAt };
  if (await isProcess(pid, instance)) return { ...found, state: "unresponsive", pid, version: null, startedAt };
  return { ...nobody, ...found };
}

async function launch(folder: ServerFolder, binary: NatsBinary, options: StartOptions): Promise<LocalNats> {
  const before = await folder.record();
  const record: ServerRecord = { instance: `queuescope-${randomBytes(8).toString("hex")}`, port: await choosePort(options.port, before), keep: options.keep ?? before?.keep ?? false, startedAt: Date.now() };
  await folder.forgetProcess();
  // Before the server runs: should this process die now, the next one still knows the server as ours.
  await folder.writeRecord(record);
  try {
    const child = await run(folder, binary, record);
    await ready(folder, child, record, options.signal);
  } catch (error) {
    await folder.writeRecord(before);
    throw error;
  }
  return await look(folder);
}

async function choosePort(wanted: number | undefined, before: ServerRecord | null): Promise<number> {
  const port = wanted ?? before?.port ?? 0;
  if (port === 0) return await freePort();
  const cause = await obstacle(port);
  if (cause === null) return port;
  const whose = before?.port === port ? `Port ${port}, which this workspace's NATS had before,` : `Port ${port}`;
  const why = cause.code === "EADDRINUSE" ? "is used by another program. End that program, or take another port with --port; --port 0 takes a free one. Whoever connects by the old URL needs the new one then" : `can't be used: ${cause.message}`;
  throw new QueuescopeError("invalid-input", `${whose} ${why}.`, { field: "port", cause });
}

async function run(folder: ServerFolder, binary: NatsBinary, { instance, port }: ServerRecord): Promise<ChildProcess> {
  const log = await open(folder.logFile, "w");
  try {
    const args = ["--name", instance, "--addr", "127.0.0.1", "--port", String(port), "--jetstream", "--store_dir", folder.path, "--pid", folder.pidFile];
    // A process group of its own: Ctrl-C in the terminal isn't meant for it.
    const child = spawn(binary.path, args, { cwd: folder.path, detached: true, windowsHide: true, stdio: ["ignore", log.fd, log.fd] });
    await once(child, "spawn");
    child.unref();
    return child;
  } catch (cause) {
    throw new QueuescopeError("unavailable", `${binary.path} can't be started: ${(cause as Error).message}.`, { cause });
  } finally {
    await log.close();
  }
}

async function ready(folder: ServerFolder, child: ChildProcess, { instance, port }: ServerRecord, signal: AbortSignal | undefined): Promise<void> {
  const deadline = Date.now() + START_PATIENCE_MS;
  try {
    while ((await readInfo(port))?.name !== instance) {
      if (child.exitCode !== null || child.signalCode !== null) throw new QueuescopeError("unavailable", `The nats-server ended at its start. It said:\n${await folder.logTail()}`);
      if (signal?.aborted === true) throw new QueuescopeError("unavailable", "The start of the nats-server was stopped.");
      if (Date.now() > deadline) throw new QueuescopeError("unavailable", `The nats-server wasn't ready after ${START_PATIENCE_MS / 1000} s and was ended. It said:\n${await folder.logTail()}`);
      await sleep(25);
    }
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

async function end(pid: number, instance: string): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    kill(pid, signal);
    const deadline = Date.now() + STOP_PATIENCE_MS;
    while (Date.now() < deadline) {
      if (!await isProcess(pid, instance)) return;
      await sleep(25);
    }
  }
  throw new QueuescopeError("unavailable", `The nats-server (process ${pid}) doesn't end, not even by SIGKILL.`);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ESRCH") return;
    throw new QueuescopeError("permission-denied", `The nats-server (process ${pid}) can't be ended: ${(cause as Error).message}.`, { cause });
  }
}
