import { useState } from "preact/hooks";
import type { DeadFilter, Result } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useReading } from "../app/use-reading.ts";
import type { Letters } from "./rows.ts";

/** Grouped at once; more on demand. */
export const GROUPED = 10_000;
/** Dead letters of an open group that are read at once. */
const PAGE = 100;

export interface DeadLetters {
  readonly groups: Result<"deadLetters.groups"> | undefined;
  readonly letters: Letters;
  readonly error: Error | undefined;
  readonly loading: boolean;
  readonly goOn: () => void;
  readonly more: (fingerprint: string) => void;
}

/** The groups that match, and the dead letters of those that are open. */
export function useDeadLetters(filter: DeadFilter, open: readonly string[]): DeadLetters {
  const { client, queue: { name: queue }, version } = useInspector();
  const [most, setMost] = useState(GROUPED);
  const [wanted, setWanted] = useState<ReadonlyMap<string, number>>(new Map());
  const groups = useReading(JSON.stringify([queue, filter, most]), version, (signal) => client.call("deadLetters.groups", { queue, filter, most }, { signal }));
  const pages = open.map((fingerprint) => [fingerprint, wanted.get(fingerprint) ?? PAGE] as const);
  const letters = useReading(open.length === 0 ? null : JSON.stringify([queue, filter, pages]), version, async (signal): Promise<Letters> => {
    const found: [string, { rows: Result<"deadLetters.list">["rows"]; more: boolean }][] = [];
    for (const [fingerprint, limit] of pages) {
      const rows: Result<"deadLetters.list">["rows"] = [];
      let after: string | undefined;
      do {
        const page: Result<"deadLetters.list"> = await client.call("deadLetters.list", { queue, selection: { filter, fingerprints: [fingerprint] }, limit: limit - rows.length, ...(after === undefined ? {} : { after }) }, { signal });
        rows.push(...page.rows);
        after = page.next ?? undefined;
      } while (after !== undefined && rows.length < limit);
      found.push([fingerprint, { rows, more: after !== undefined }]);
    }
    return new Map(found);
  });
  return {
    groups: groups.value,
    letters: letters.value ?? new Map(),
    error: groups.error ?? letters.error,
    loading: groups.loading,
    goOn: () => { setMost(most + GROUPED); },
    more: (fingerprint) => { setWanted(new Map([...wanted, [fingerprint, (wanted.get(fingerprint) ?? PAGE) + 5 * PAGE]])); },
  };
}
