import type { DeadFilter, DeadSelection } from "../../src/protocol/index.ts";
import { groupOf } from "./rows.ts";

/** A choice is of kinds of errors or of single dead letters, never of both: the one that is made ends the other. */
export function chooseOne(chosen: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set([...chosen].filter((other) => (groupOf(other) === null) === (groupOf(key) === null)));
  if (!next.delete(key)) next.add(key);
  return next;
}

/** Of a set that the table made, those of the kind of the first. */
export function oneKind(chosen: ReadonlySet<string>): ReadonlySet<string> {
  const [first] = chosen;
  return first === undefined ? chosen : new Set([...chosen].filter((key) => !key.startsWith("more ") && (groupOf(key) === null) === (groupOf(first) === null)));
}

/** What an action is for: what is chosen; all that match where nothing is. */
export function selectionOf(chosen: ReadonlySet<string>, filter: DeadFilter): DeadSelection {
  const fingerprints = [...chosen].flatMap((key) => groupOf(key) ?? []);
  if (fingerprints.length > 0) return { filter, fingerprints };
  return chosen.size > 0 ? { filter: {}, ids: [...chosen] } : { filter };
}
