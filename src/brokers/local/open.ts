import { accessSync, constants, existsSync, mkdirSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type * as Sqlite from "node:sqlite";
import type { DatabaseSync } from "node:sqlite";
import { QueuescopeError, WORKSPACE_GITIGNORE } from "../../core/index.ts";
import { checkFileSystem, checkSqlite, noSqlite } from "./platform.ts";
import { SCHEMA, SCHEMA_VERSION } from "./schema.ts";
import { isBusy, translated } from "./sqlite-errors.ts";

export interface OpenOptions {
  readonly readOnly: boolean;
  /** `normal`: survives a crash of the process; a power loss can take the last commits. `full`: survives both, slower. */
  readonly durability: "normal" | "full";
}

export interface OpenFile {
  readonly db: DatabaseSync;
  readonly sqlite: string;
  /** Tells whether the path still names the file that was opened. */
  readonly identity: FileIdentity;
}

export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/** Marks the file as Queuescope's: "QSCP". */
const APPLICATION_ID = 0x51534350;

/**
 * Opens the file, and makes it when it isn't there yet. Doesn't wait: throws SQLite's busy error for the caller to retry.
 * @throws permission-denied, unsupported, version-unsupported, corrupt, unavailable
 */
export async function openFile(path: string, options: OpenOptions): Promise<OpenFile> {
  const { DatabaseSync } = await loadSqlite();
  if (!options.readOnly) makeFolder(path);
  checkPlace(path, options.readOnly);
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { readOnly: options.readOnly, timeout: 0 });
    const { version } = db.prepare("SELECT sqlite_version() AS version").get() as { version: string };
    checkSqlite(version, process.versions.node);
    prepareFile(db, path, options);
    const { dev, ino } = statSync(path);
    return { db, sqlite: version, identity: { dev, ino } };
  } catch (error) {
    db?.close();
    throw isBusy(error) ? error : translated(error, path);
  }
}

async function loadSqlite(): Promise<typeof Sqlite> {
  try {
    return await import("node:sqlite");
  } catch (cause) {
    throw noSqlite(process.versions.node, cause);
  }
}

/** The workspace's folder ignores itself, so that nobody commits their queues by accident. */
function makeFolder(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true });
    // Also where the folder came with a clone, for its templates.
    if (basename(folder) === ".queuescope" && !existsSync(path) && !existsSync(join(folder, ".gitignore"))) writeFileSync(join(folder, ".gitignore"), WORKSPACE_GITIGNORE, { flag: "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST" && statSync(folder).isDirectory()) return;
    throw denied(folder, cause);
  }
}

function checkPlace(path: string, readOnly: boolean): void {
  const known = statSync(path, { throwIfNoEntry: false });
  if (known === undefined && readOnly) throw new QueuescopeError("unavailable", `There is no queue file at ${path}, and a read-only connection doesn't make one. Push a message without read-only first.`);
  if (known?.isDirectory() === true) throw new QueuescopeError("invalid-input", `${path} is a folder. Name the queue file itself, for example ${join(path, "queues.db")}.`, { field: "url" });
  checkFileSystem(statfsSync(known === undefined ? dirname(path) : path).type, path);
  if (readOnly) return;
  // Beside the file SQLite needs to make its -wal and -shm files.
  for (const place of known === undefined ? [dirname(path)] : [dirname(path), path]) {
    try {
      accessSync(place, constants.W_OK);
    } catch (cause) {
      throw denied(place, cause);
    }
  }
}

function denied(place: string, cause: unknown): QueuescopeError {
  return new QueuescopeError("permission-denied", `${place} can't be written (${(cause as Error).message}). Make it writable, use another place with QUEUESCOPE_URL, or open it read-only.`, { cause });
}

function prepareFile(db: DatabaseSync, path: string, options: OpenOptions): void {
  const { application_id: owner } = db.prepare("PRAGMA application_id").get() as { application_id: number };
  if (owner !== APPLICATION_ID) {
    const { tables } = db.prepare("SELECT count(*) AS tables FROM sqlite_master").get() as { tables: number };
    if (tables > 0 || owner !== 0) throw new QueuescopeError("corrupt", `${path} is a SQLite file of another program. It was left as it is; name another file.`);
    if (options.readOnly) throw new QueuescopeError("unavailable", `${path} is empty, and a read-only connection doesn't fill it. Push a message without read-only first.`);
  }
  db.exec(`PRAGMA synchronous = ${options.durability === "full" ? "FULL" : "NORMAL"}; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000`);
  if (owner !== APPLICATION_ID) createTables(db);
  checkSchema(db, path);
  if (!options.readOnly) useWal(db, path);
}

/** Two processes may get here at once: who comes second finds the tables made. */
function createTables(db: DatabaseSync): void {
  // Small messages are what queues are for, and a small commit costs what its pages do: a quarter to a third less than with 4096.
  db.exec("PRAGMA page_size = 2048");
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("BEGIN IMMEDIATE");
  try {
    const { application_id: owner } = db.prepare("PRAGMA application_id").get() as { application_id: number };
    if (owner !== APPLICATION_ID) {
      db.exec(SCHEMA);
      db.prepare("INSERT INTO meta (key, value) VALUES ('min_reader', ?), ('created_at', ?)").run(SCHEMA_VERSION, Date.now());
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    }
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** A newer version may say, in `min_reader`, that its file is still good for this one. */
function checkSchema(db: DatabaseSync, path: string): void {
  const { user_version: version } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  if (version <= SCHEMA_VERSION) return;
  const row = db.prepare("SELECT value FROM meta WHERE key = 'min_reader'").get() as { value: number } | undefined;
  if (row !== undefined && row.value <= SCHEMA_VERSION) return;
  throw new QueuescopeError("version-unsupported", `${path} was written by a newer Queuescope (format ${version}; this one reads up to ${SCHEMA_VERSION}). Update Queuescope here; the file was left as it is.`);
}

function useWal(db: DatabaseSync, path: string): void {
  const { journal_mode: mode } = db.prepare("PRAGMA journal_mode = WAL").get() as { journal_mode: string };
  if (mode !== "wal") throw new QueuescopeError("unsupported", `${path} is on a file system without shared memory, which several processes need (journal mode ${mode}). Put the file on a local disk.`);
}

/** @throws unavailable when the path no longer names the open file */
export function checkIdentity(path: string, identity: FileIdentity): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.ino === identity.ino && found.dev === identity.dev) return;
  const what = found === undefined ? "deleted" : "replaced";
  throw new QueuescopeError("unavailable", `The queue file ${path} was ${what} while it was open. Nothing of this call was stored; connect again to use the file that is there now.`, { ended: true });
}

