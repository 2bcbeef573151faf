import { access, stat } from "node:fs/promises";
import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";

/**
 * Calls `made` once, when a file comes to be. Watches the nearest folder that is there, since the
 * editor's own watches see nothing of a folder outside the workspace that is still to be made.
 */
export class AwaitedFile {
  readonly #path: string;
  readonly #made: () => void;
  readonly #failed: (error: unknown) => void;
  #watcher: FSWatcher | undefined;
  #watched = "";
  #ended = false;
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(path: string, made: () => void, failed: (error: unknown) => void) {
    this.#path = path;
    this.#made = made;
    this.#failed = failed;
    this.#look();
  }

  close(): void {
    this.#ended = true;
    this.#watcher?.close();
  }

  /** One look at a time; what happens during it is looked at afterwards. */
  #look(): void {
    this.#again = true;
    this.#looking ??= this.#lookUntilQuiet()
      .catch((error: unknown) => {
        this.close();
        this.#failed(error);
      })
      .finally(() => { this.#looking = undefined; });
  }

  async #lookUntilQuiet(): Promise<void> {
    while (this.#again && !this.#ended) {
      this.#again = false;
      const { path, identity } = await nearestFolder(dirname(this.#path));
      if (this.#isClosed()) return;
      // Watched before the file is looked for, so that nothing happens unseen in between.
      if (identity !== this.#watched) this.#watchFolder(path, identity);
      const there = await access(this.#path).then(() => true, () => false);
      if (!there || this.#isClosed()) continue;
      this.close();
      this.#made();
    }
  }

  #isClosed(): boolean {
    return this.#ended;
  }

  #watchFolder(path: string, identity: string): void {
    this.#watcher?.close();
    this.#watched = identity;
    const changed = (): void => { this.#look(); };
    this.#watcher = watch(path, { persistent: false }, changed);
    this.#watcher.on("error", () => {
      // The folder was deleted: one above it is next.
      this.#watched = "";
      changed();
    });
    // A folder may have been made in it before the watch began.
    this.#again = true;
  }
}

/** With what tells it from one that is made later at the same place. */
async function nearestFolder(path: string): Promise<{ readonly path: string; readonly identity: string }> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true && dirname(path) !== path) return nearestFolder(dirname(path));
  return { path, identity: `${path} ${found?.ino ?? 0} ${found?.birthtimeMs ?? 0}` };
}
