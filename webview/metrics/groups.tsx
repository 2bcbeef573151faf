import type { JSX } from "preact";
import type { GroupView } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { count, duration } from "../parts/format.ts";

/** Lag by group, the worst first. */
export function Groups(): JSX.Element | null {
  const { queue, show } = useInspector();
  if (queue.groups.length === 0) return null;
  const groups = queue.groups.toSorted((a, b) => b.lag - a.lag || a.name.localeCompare(b.name));
  const most = Math.max(1, ...groups.map(({ lag }) => lag));
  return (
    <section class="lags" aria-label={t("Lag by group")}>
      <h2>{t("Lag by group")}</h2>
      <ul>
        {groups.map((group) => (
          <li key={group.name}>
            <button type="button" class="link" onClick={() => { show("groups", { group: group.name }); }}>{group.name}</button>
            <meter aria-label={t("Lag of {0}", group.name)} min={0} max={most} value={group.lag} />
            <span>{lagText(group)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function lagText({ lag, oldestReadyAge }: GroupView): string {
  const behind = count(lag, "{0} message behind", "{0} messages behind");
  return lag === 0 ? t("up to date") : oldestReadyAge === null ? behind : t("{0}, the oldest waits for {1}", behind, duration(oldestReadyAge));
}

