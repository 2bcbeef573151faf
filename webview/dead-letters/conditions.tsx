import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as z from "zod/mini";
import type { DeadFilter } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Select, TextField } from "../parts/controls.tsx";

export const conditionsShape = z.object({
  match: z.string(),
  /** "" for all. */
  group: z.string(),
  redriven: z.enum(["waiting", "redriven", "all"]),
  /** Milliseconds before now; 0 for any time. */
  within: z.number(),
});
export type Conditions = z.infer<typeof conditionsShape>;

export const NO_CONDITIONS: Conditions = { match: "", group: "", redriven: "waiting", within: 0 };

const HOUR = 3_600_000;
/** What is typed is asked for when the typing rests. */
const TYPING_MS = 250;

export function filterOf({ match, group, redriven, within }: Conditions, now: number): DeadFilter {
  return {
    ...(match.trim() === "" ? {} : { match: match.trim() }),
    ...(group === "" ? {} : { group }),
    ...(redriven === "all" ? {} : { redriven: redriven === "redriven" }),
    ...(within === 0 ? {} : { from: now - within }),
  };
}

export function isNarrowed({ match, group, within }: Conditions): boolean {
  return match.trim() !== "" || group !== "" || within !== 0;
}

export function ConditionsBar({ conditions, onConditions }: { readonly conditions: Conditions; readonly onConditions: (conditions: Conditions) => void }): JSX.Element {
  const { queue } = useInspector();
  const [text, setText] = useState(conditions.match);
  useEffect(() => {
    if (text === conditions.match) return;
    const timer = setTimeout(() => { onConditions({ ...conditions, match: text }); }, TYPING_MS);
    return () => { clearTimeout(timer); };
  }, [text, conditions]);
  const groups = [...new Set([...queue.groups.map(({ name }) => name), conditions.group])].filter((name) => name !== "");
  return (
    <>
      <TextField label={t("Text in error, data or headers")} placeholder={t("Search error, data, headers")} value={text} onChange={setText} onEnter={() => { onConditions({ ...conditions, match: text }); }} />
      <Select label={t("Group it died in")} value={conditions.group} onChange={(group) => { onConditions({ ...conditions, group }); }} choices={[{ value: "", label: t("All groups") }, ...groups.map((name) => ({ value: name, label: name }))]} />
      <Select label={t("Redriven or not")} value={conditions.redriven} onChange={(value) => { onConditions({ ...conditions, redriven: value === "redriven" || value === "all" ? value : "waiting" }); }} choices={[{ value: "waiting", label: t("Not redriven") }, { value: "redriven", label: t("Redriven") }, { value: "all", label: t("All") }]} />
      <Select label={t("When it died")} value={String(conditions.within)} onChange={(value) => { onConditions({ ...conditions, within: Number(value) }); }} choices={[{ value: "0", label: t("Any time") }, { value: String(HOUR), label: t("Last hour") }, { value: String(24 * HOUR), label: t("Last 24 hours") }, { value: String(168 * HOUR), label: t("Last 7 days") }]} />
    </>
  );
}
