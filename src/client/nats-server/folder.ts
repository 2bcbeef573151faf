import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { QueuescopeError, WORKSPACE_GITIGNORE } from "../../core/index.ts";

/** What is remembered of a workspace's server. */
const recordSchema = z.object({
  /** Name that the server was started under, new each time: by it a process is known to be ours. */
  instance: z.string(),
  /** Stays the same over restarts. */
  port: z.number().int().min(1).max(65_535),
  /** Not ended with the workspace. */
  keep: z.boolean(),
  startedAt: z.number(),
});

export type ServerRecord = z.infer<typeof recordSchema>;

/** `.queuescope/nats` of a workspace: the server's data, and what is known of its process. */
export class ServerFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get pidFile(): string {
    return join(this.path, "nats.pid");
  }

  get logFile(): string {
    return join(this.path, "server.log");
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  /** Made with everything above it; `.queuescope` keeps itself out of git. */
  async make(): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true });
      // What queues hold is nobody else's business on a shared machine.
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      await writeFile(join(dirname(this.path), ".gitignore"), WORKSPACE_GITIGNORE, { flag: "wx" }).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      });
    } catch (cause) {
      throw new QueuescopeError("permission-denied", `The folder ${this.path} can't be made: ${(cause as Error).message}.`, { cause });
    }
  }

  async record(): Promise<ServerRecord | null> {
    const text = await read(join(this.path, "server.json"));
    if (text === undefined) return null;
    const parsed = recordSchema.safeParse(json(text));
    if (!parsed.success) throw new QueuescopeError("corrupt", `${join(this.path, "server.json")} isn't what Queuescope wrote there. End the nats-server of this workspace if one runs, delete the file, and start again: the data stays, the port will be another one.`, { cause: parsed.error });
    return parsed.data;
  }

  async writeRecord(record: ServerRecord | null): Promise<void> {
    const path = join(this.path, "server.json");
    if (record === null) {
      await rm(path, { force: true });
      return;
    }
    await writeFile(`${path}.new`, `${JSON.stringify(record)}\n`);
    await rename(`${path}.new`, path);
  }

  /** As the server itself wrote it. */
  async pid(): Promise<number | null> {
    const pid = Number((await read(this.pidFile))?.trim() || Number.NaN);
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  }

  /** What a server that was killed left behind about itself. */
  async forgetProcess(): Promise<void> {
    await rm(this.pidFile, { force: true });
  }

  /** The last lines of the server's own log. */
  async logTail(): Promise<string> {
    const lines = (await read(this.logFile) ?? "").trimEnd().split("\n");
    return lines.slice(-5).join("\n");
  }

  /**
   * Runs alone among all processes: two servers on one store would destroy it. The lock is one of SQLite's,
   * which the operating system takes back from a process that dies.
   */
  async alone<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const lock = new DatabaseSync(join(this.path, "lock.db"), { timeout: 0 });
    try {
      const deadline = Date.now() + LOCK_PATIENCE_MS;
      while (!tryLock(lock)) {
        if (signal?.aborted === true) throw new QueuescopeError("busy", "Stopped while another process was starting or stopping this workspace's NATS.");
        if (Date.now() > deadline) throw new QueuescopeError("busy", `Another process has been starting or stopping this workspace's NATS for ${LOCK_PATIENCE_MS / 1000} s. See ${this.logFile}.`);
        await sleep(50);
      }
      return await work();
    } finally {
      lock.close();
    }
  }
}

const LOCK_PATIENCE_MS = 150_000;

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    const { errcode, message } = error as { errcode?: number; message: string };
    // SQLITE_BUSY, in any of its kinds.
    if (((errcode ?? 0) & 0xff) === 5) return false;
    throw new QueuescopeError("unavailable", `The workspace's NATS can't be locked: ${message}.`, { cause: error });
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new QueuescopeError("permission-denied", `${path} can't be read: ${(error as Error).message}.`, { cause: error });
  }
}

/** `undefined` for what isn't JSON, or isn't yet. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
