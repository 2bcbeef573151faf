import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { MethodName, Params, Result } from "../../src/protocol/index.ts";
import type { Client } from "../channel/client.ts";
import { useInspector } from "./inspector.ts";

/** Methods that answer a page of rows, and where the next one starts. */
type Paged = { [M in MethodName]: Result<M> extends { readonly rows: readonly unknown[]; readonly next: string | null } ? (Params<M> extends { readonly after?: string | undefined } ? M : never) : never }[MethodName];
type Row<M extends Paged> = Result<M>["rows"][number];

export interface Pages<M extends Paged> {
  readonly rows: readonly Row<M>[];
  readonly loading: boolean;
  readonly error: Error | undefined;
  /** Asks for the next page, where there is one. */
  readonly more: () => void;
}

interface Shown<M extends Paged> {
  readonly rows: readonly Row<M>[];
  readonly loading: boolean;
  readonly error?: Error | undefined;
}

/** More pages than these aren't read again with each change: who scrolled that far isn't to lose the place. */
const FOLLOWED_PAGES = 5;

/** Rows page by page, as far as somebody scrolled. */
export function usePages<M extends Paged>(method: M, params: Omit<Params<M>, "after">): Pages<M> {
  const { client, version } = useInspector();
  const [shown, setShown] = useState<Shown<M>>({ rows: [], loading: true });
  const key = JSON.stringify(params);
  // The key stands for the parameters.
  const reader = useMemo(() => new PageReader(client, method, params, setShown), [client, method, key]);
  useEffect(() => () => { reader.stop(); }, [reader]);
  useEffect(() => { reader.changed(); }, [reader, version]);
  return { rows: shown.rows, loading: shown.loading, error: shown.error, more: useCallback(() => { reader.more(); }, [reader]) };
}

/** One call at a time; a change during one leads to one more reading. */
class PageReader<M extends Paged> {
  readonly #client: Client;
  readonly #method: M;
  readonly #params: Omit<Params<M>, "after">;
  readonly #tell: (shown: Shown<M>) => void;
  readonly #stop = new AbortController();
  #rows: readonly Row<M>[] = [];
  #pages = 0;
  #next: string | null = null;
  #running = false;
  #again = false;

  constructor(client: Client, method: M, params: Omit<Params<M>, "after">, tell: (shown: Shown<M>) => void) {
    this.#client = client;
    this.#method = method;
    this.#params = params;
    this.#tell = tell;
  }

  changed(): void {
    if (this.#pages > FOLLOWED_PAGES) return;
    this.#again = true;
    if (!this.#running) void this.#run(async () => {
      while (this.#again) {
        this.#again = false;
        await this.#read(Math.max(1, this.#pages));
      }
    });
  }

  more(): void {
    const after = this.#next;
    if (this.#running || after === null) return;
    void this.#run(async () => {
      const { rows, next } = await this.#page(after);
      this.#rows = [...this.#rows, ...rows];
      this.#pages += 1;
      this.#next = next;
    });
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(reading: () => Promise<void>): Promise<void> {
    this.#running = true;
    try {
      await reading();
      if (!this.#stop.signal.aborted) this.#tell({ rows: this.#rows, loading: false });
    } catch (reason) {
      if (!this.#stop.signal.aborted) this.#tell({ rows: this.#rows, loading: false, error: reason instanceof Error ? reason : new Error(String(reason)) });
    } finally {
      this.#running = false;
    }
  }

  async #read(pages: number): Promise<void> {
    const found: Row<M>[] = [];
    let after: string | null | undefined;
    for (let page = 0; page < pages && after !== null; page++) {
      const { rows, next } = await this.#page(after);
      found.push(...rows);
      after = next;
    }
    [this.#rows, this.#pages, this.#next] = [found, pages, after ?? null];
  }

  #page(after: string | undefined): Promise<Result<M>> {
    return this.#client.call(this.#method, { ...this.#params, ...(after === undefined ? {} : { after }) } as Params<M>, { signal: this.#stop.signal });
  }
}
