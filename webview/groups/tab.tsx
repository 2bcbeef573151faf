import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { GroupView } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import type { TabProps } from "../app/tab-bar.tsx";
import { t } from "../l10n.ts";
import { Button } from "../parts/controls.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Fitted } from "../parts/fitted.tsx";
import { duration, number } from "../parts/format.ts";
import { Empty } from "../parts/notice.tsx";
import { Time } from "../parts/time.tsx";
import { GroupDetail } from "./detail.tsx";

const COLUMNS: readonly Column<GroupView>[] = [
  { key: "name", title: t("Group"), width: "minmax(150px, 1fr)", cell: ({ name }) => name },
  { key: "start", title: t("Starts at"), width: "112px", cell: ({ start }) => (typeof start === "number" ? <Time at={start} /> : start === "all" ? t("the oldest") : t("new messages")) },
  { key: "state", title: t("Delivery"), width: "100px", cell: stateText },
  { key: "position", title: t("Settled"), width: "112px", numeric: true, cell: ({ counts }) => t("{0} of {1}", number(counts.completed + counts.dead), number(counts.completed + counts.dead + counts.ready + counts.leased + counts.retrying)) },
  { key: "lag", title: t("Behind"), width: "76px", numeric: true, cell: ({ lag }) => number(lag) },
  { key: "oldest", title: t("Oldest waits"), width: "112px", numeric: true, cell: ({ oldestReadyAge }) => (oldestReadyAge === null ? "–" : duration(oldestReadyAge)) },
  { key: "leased", title: t("Leased"), width: "72px", numeric: true, cell: ({ counts }) => number(counts.leased) },
  { key: "retrying", title: t("Retrying"), width: "80px", numeric: true, cell: ({ counts }) => number(counts.retrying) },
  { key: "dead", title: t("Dead"), width: "60px", numeric: true, cell: ({ counts }) => number(counts.dead) },
  { key: "members", title: t("Workers"), width: "80px", numeric: true, cell: ({ workers }) => workers.length },
];

/** Each group sees every message: where it stands, who works for it, and where it is to go on. */
export function GroupsTab({ start }: TabProps): JSX.Element {
  const { queue, group, show, surroundings } = useInspector();
  const [current, setCurrent] = useState(start.group ?? group);
  const shown = queue.groups.find(({ name }) => name === current) ?? queue.groups[0];
  if (shown === undefined) return (
    <Empty icon="organization" title={t("Nobody has popped from {0} yet", queue.name)}>
      <p>{t("A group exists from its first pop: start a worker, or pop a message here.")}</p>
      {!surroundings.connection.readOnly && <Button primary onClick={() => { show("pop"); }}>{t("Go to Pop")}</Button>}
    </Empty>
  );
  return (
    <div class="groups-view">
      <Fitted rows={queue.groups.length} most={10}><DataTable label={t("Groups")} columns={COLUMNS} rows={queue.groups} rowKey={({ name }) => name} current={shown.name} onCurrent={setCurrent} /></Fitted>
      <GroupDetail key={shown.name} group={shown} />
    </div>
  );
}

function stateText({ paused, held }: GroupView): string {
  if (paused) return t("paused");
  if (held !== null) return held === 0 ? t("held") : t("held after {0}", number(held));
  return t("delivers");
}
