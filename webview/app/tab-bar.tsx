import type { ComponentType, JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Memory } from "../channel/channel.ts";
import { t } from "../l10n.ts";
import { VscodeBadge } from "../parts/elements.ts";
import { MessagesTab } from "../messages/tab.tsx";
import { DeadLettersTab } from "../dead-letters/tab.tsx";
import { GroupsTab } from "../groups/tab.tsx";
import { MetricsTab } from "../metrics/tab.tsx";
import { PopTab } from "../pop/tab.tsx";
import { PushTab } from "../push/tab.tsx";
import { TracesTab } from "../traces/tab.tsx";
import { type TabStart, useInspector } from "./inspector.ts";
import { TABS, type TabName } from "./tabs.ts";
import { TabMemoryContext } from "./use-remembered.ts";

export interface TabProps {
  readonly start: TabStart;
}

const PANELS: Partial<Record<TabName, ComponentType<TabProps>>> = {
  messages: MessagesTab,
  push: PushTab,
  pop: PopTab,
  "dead-letters": DeadLettersTab,
  traces: TracesTab,
  metrics: MetricsTab,
  groups: GroupsTab,
};

function titleOf(tab: TabName): string {
  switch (tab) {
    case "messages":
      return t("Messages");
    case "push":
      return t("Push");
    case "pop":
      return t("Pop");
    case "dead-letters":
      return t("Dead Letters");
    case "traces":
      return t("Traces");
    case "metrics":
      return t("Metrics");
    case "groups":
      return t("Groups");
  }
}

/** The tabs, as the pattern of that name wants them: one stop of the Tab key, arrows between. */
export function TabBar({ current, onSelect }: { readonly current: TabName; readonly onSelect: (tab: TabName) => void }): JSX.Element {
  const { queue } = useInspector();
  // Where the page is too narrow for all of them.
  useEffect(() => { document.getElementById(`tab-${current}`)?.scrollIntoView({ block: "nearest", inline: "nearest" }); }, [current]);
  function onKeyDown(event: KeyboardEvent): void {
    const index = TABS.indexOf(current);
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1 + TABS.length, Home: 0, End: TABS.length - 1 }[event.key];
    const tab = to === undefined ? undefined : TABS[to % TABS.length];
    if (tab === undefined) return;
    event.preventDefault();
    onSelect(tab);
    document.getElementById(`tab-${tab}`)?.focus();
  }
  return (
    <div class="tab-bar" role="tablist" aria-label={t("Queue")} onKeyDown={onKeyDown}>
      {TABS.map((tab) => (
        <button key={tab} id={`tab-${tab}`} type="button" role="tab" class="tab" aria-selected={tab === current} aria-controls={`panel-${tab}`} tabIndex={tab === current ? 0 : -1} onClick={() => { onSelect(tab); }}>
          {titleOf(tab)}
          {tab === "dead-letters" && queue.counts.dead > 0 && <VscodeBadge variant="counter">{queue.counts.dead}</VscodeBadge>}
        </button>
      ))}
    </div>
  );
}

export function TabPanel({ name, start, memory }: { readonly name: TabName; readonly start: TabStart; readonly memory: Memory }): JSX.Element {
  const Panel = PANELS[name];
  const place = useMemo(() => ({ memory, tab: name }), [memory, name]);
  return (
    <div id={`panel-${name}`} class={`panel ${name}`} role="tabpanel" aria-labelledby={`tab-${name}`}>
      <TabMemoryContext.Provider value={place}>{Panel === undefined ? null : <Panel key={name} start={start} />}</TabMemoryContext.Provider>
    </div>
  );
}
