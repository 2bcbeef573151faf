import { QueuescopeError } from "../../core/index.ts";

/** What node:sqlite throws. `errcode` is SQLite's extended result code. */
interface SqliteError extends Error {
  readonly errcode: number;
}

const BUSY = 5;
const LOCKED = 6;
const NO_MEMORY = 7;
const READ_ONLY = 8;
const IO = 10;
const CORRUPT = 11;
const FULL = 13;
const CANT_OPEN = 14;
const NOT_A_DATABASE = 26;

function primaryCode(error: unknown): number | null {
  return error instanceof Error && "errcode" in error ? (error as SqliteError).errcode & 0xff : null;
}

/** Somebody else holds the lock: try again. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === BUSY || code === LOCKED;
}

/** One of ours for one of SQLite's; what isn't SQLite's comes back as it is. */
export function translated(error: unknown, path: string): unknown {
  const code = primaryCode(error);
  if (code === null) return error;
  const said = (error as Error).message;
  switch (code) {
    case BUSY:
    case LOCKED:
      return busy(path, error);
    case READ_ONLY:
    case CANT_OPEN:
      return new QueuescopeError("permission-denied", `The queue file ${path} can't be opened or written (${said}). Check that you may write the file and its folder.`, { cause: error });
    case FULL:
      return new QueuescopeError("storage-full", `The disk that holds ${path} is full. Nothing of this call was stored; free some space and try again.`, { cause: error });
    case CORRUPT:
    case NOT_A_DATABASE:
      return new QueuescopeError("corrupt", `${path} is damaged or not a queue file (${said}). It was left as it is: restore it from a backup, or move it away to start anew.`, { cause: error });
    case IO:
    case NO_MEMORY:
      return new QueuescopeError("unavailable", `The queue file ${path} can't be read or written (${said}). Check the disk, then try again.`, { cause: error });
    default:
      return error;
  }
}

export function busy(path: string, cause: unknown): QueuescopeError {
  return new QueuescopeError("busy", `Other processes kept the queue file ${path} locked. Nothing of this call was stored; try again, and look for a process that holds a long transaction on it.`, { cause });
}
