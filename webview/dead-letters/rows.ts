import type { DeadGroup, DeadRow } from "../../src/protocol/index.ts";

/** A line of the table: a kind of error, or below it one of its dead letters. */
export type TableRow =
  | { readonly kind: "group"; readonly key: string; readonly group: DeadGroup; readonly open: boolean }
  | { readonly kind: "letter"; readonly key: string; readonly letter: DeadRow; readonly fingerprint: string }
  | { readonly kind: "more"; readonly key: string; readonly fingerprint: string; readonly reading: boolean };

/** Dead letters of the groups that are open. */
export type Letters = ReadonlyMap<string, { readonly rows: readonly DeadRow[]; readonly more: boolean }>;

export function groupKey(fingerprint: string): string {
  return `group ${fingerprint}`;
}

/** The fingerprint of a group's row; `null` for another row. */
export function groupOf(key: string): string | null {
  return key.startsWith("group ") ? key.slice(6) : null;
}

/** The most frequent errors first, each with its dead letters where it is open. */
export function tableRows(groups: readonly DeadGroup[], open: ReadonlySet<string>, letters: Letters): readonly TableRow[] {
  return groups.toSorted((a, b) => b.count - a.count || b.lastAt - a.lastAt).flatMap((group): readonly TableRow[] => {
    const { fingerprint } = group;
    const row: TableRow = { kind: "group", key: groupKey(fingerprint), group, open: open.has(fingerprint) };
    if (!row.open) return [row];
    const known = letters.get(fingerprint);
    const below = (known?.rows ?? []).map((letter): TableRow => ({ kind: "letter", key: letter.id, letter, fingerprint }));
    return [row, ...below, ...(known === undefined || known.more ? [{ kind: "more", key: `more ${fingerprint}`, fingerprint, reading: known === undefined } as const] : [])];
  });
}
