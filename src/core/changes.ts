import type { Watch } from "./broker.ts";

/** Changes within this are told together. */
const TELL_AFTER = 50;

/** Tells whoever watches that something changed, soon and in bursts. */
export class Changes {
  readonly #watchers = new Set<() => void>();
  #timer: NodeJS.Timeout | null = null;

  watch(onChange: () => void): Watch {
    // Who watches twice is told twice, and each ends alone.
    const own = (): void => { onChange(); };
    this.#watchers.add(own);
    const close = (): void => { this.#watchers.delete(own); };
    return { close, [Symbol.dispose]: close };
  }

  tell(): void {
    if (this.#watchers.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      for (const tell of this.#watchers) tell();
    }, TELL_AFTER);
  }
}
