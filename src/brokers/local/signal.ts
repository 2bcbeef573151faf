import { closeSync, ftruncateSync, futimesSync, openSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";

/** A signal a millisecond wakes waiters as well as a thousand would. */
const QUIET = 1;
/** How often to look when the operating system's notification may have been lost. */
const BACKSTOP = 250;

/**
 * "Something changed", between processes: touching a file beside the database, which waiters watch.
 * The database itself must never be opened or watched: closing any descriptor of it drops SQLite's locks.
 */
export class Signal {
  readonly #path: string;
  readonly #dataVersion: () => number;
  readonly #listeners = new Set<() => void>();
  #fd: number | null;
  #sentAt = 0;
  #pending: NodeJS.Timeout | null = null;
  #watcher: FSWatcher | null = null;
  #backstop: NodeJS.Timeout | null = null;
  #version = 0;

  constructor(path: string, readOnly: boolean, dataVersion: () => number) {
    this.#path = path;
    this.#dataVersion = dataVersion;
    this.#fd = readOnly ? null : opened(path);
  }

  /** After a commit. */
  send(): void {
    if (this.#pending !== null) return;
    const wait = this.#sentAt + QUIET - performance.now();
    if (wait <= 0) {
      this.#touch();
      return;
    }
    this.#pending = setTimeout(() => {
      this.#pending = null;
      this.#touch();
    }, wait);
  }

  /** Calls back after changes of any process, this one included, until the answered function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  #touch(): void {
    this.#sentAt = performance.now();
    if (this.#fd !== null) touched(this.#fd);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #start(): void {
    this.#version = this.#dataVersion();
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => { this.#tell(); });
      this.#watcher.on("error", () => { this.#unwatch(); });
    } catch {
      this.#watcher = null; // Out of watches, or no signal file yet: the backstop is enough.
    }
    this.#backstop = setInterval(() => {
      const version = this.#dataVersion();
      if (version === this.#version) return;
      this.#version = version;
      this.#tell();
    }, BACKSTOP);
    this.#backstop.unref();
  }

  #stop(): void {
    this.#unwatch();
    if (this.#backstop !== null) clearInterval(this.#backstop);
    this.#backstop = null;
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  /** Whoever listens hears it, and looks: nobody sleeps on beside a closed file. */
  close(): void {
    if (this.#pending !== null) {
      clearTimeout(this.#pending);
      this.#pending = null;
      this.#touch();
    } else this.#tell();
    this.#listeners.clear();
    this.#stop();
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

/** `null` where it can't be: another user's, or no file at all. Others then notice by themselves, a little later. */
function opened(path: string): number | null {
  try {
    return openSync(path, "a");
  } catch {
    return null;
  }
}

/** What it tells of is stored: nothing that fails here may make its caller believe otherwise. */
function touched(fd: number): void {
  try {
    const seconds = Date.now() / 1000;
    futimesSync(fd, seconds, seconds);
  } catch {
    rewritten(fd);
  }
}

/** Who may write another user's file mayn't set its times. */
function rewritten(fd: number): void {
  try {
    ftruncateSync(fd);
  } catch {
    return; // Others notice by themselves.
  }
}
