/** Loads what stands below a row, or at the top. */
export type LoadRows<R> = (parent: R | undefined) => Promise<readonly R[]>;

interface ShownRow<R> {
  readonly row: R;
  readonly key: string;
  readonly look: string;
}

/**
 * What a view shows. Of a change only those rows are drawn again that look different: drawing makes a
 * row's buttons (and those of all rows below it) anew, and a click that is under way there is lost.
 */
export class ShownRows<R extends object> {
  readonly #key: (row: R) => string;
  readonly #look: (row: R) => string;
  /** Below each open row, and at the top (""). */
  readonly #below = new Map<string, readonly ShownRow<R>[]>();

  readonly #closed = new Set<string>();

  /** `key` is the same for the same row after each load, `look` is all that can be seen of it. */
  constructor(key: (row: R) => string, look: (row: R) => string) {
    this.#key = key;
    this.#look = look;
  }

  /** Notes what the editor is given. */
  show(parent: R | undefined, rows: readonly R[]): void {
    this.#below.set(this.#keyOf(parent), rows.map((row) => ({ row, key: this.#key(row), look: this.#look(row) })));
  }

  /** What stands below a closed row isn't loaded for nothing. */
  close(row: R): void {
    this.#below.delete(this.#key(row));
    this.#closed.add(this.#key(row));
  }

  /** Whether what the editor has kept of a row from before it was closed may be old. */
  reopen(row: R): boolean {
    return this.#closed.delete(this.#key(row));
  }

  /** Loads what is open, and gives the rows to draw again with all that is below them; `undefined` among them is the whole view. */
  async changed(load: LoadRows<R>, parent?: R): Promise<(R | undefined)[]> {
    const rows = await load(parent);
    const shown = this.#below.get(this.#keyOf(parent)) ?? [];
    if (rows.length !== shown.length || rows.some((row, i) => this.#key(row) !== shown[i]?.key)) return [parent];
    const changed: (R | undefined)[] = [];
    for (const [i, { row, look }] of shown.entries()) {
      // The editor knows a row by its object, which takes over what there is now.
      Object.assign(row, rows[i]);
      if (this.#look(row) !== look) changed.push(row);
      else if (this.#below.has(this.#key(row))) changed.push(...(await this.changed(load, row)));
    }
    this.show(parent, shown.map(({ row }) => row));
    return changed;
  }

  #keyOf(row: R | undefined): string {
    return row === undefined ? "" : this.#key(row);
  }
}
