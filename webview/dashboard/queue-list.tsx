import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Memory } from "../channel/channel.ts";
import type { Client } from "../channel/client.ts";
import { t } from "../l10n.ts";
import { Button, Icon, Select, TextField } from "../parts/controls.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { count, duration, number } from "../parts/format.ts";
import { Empty, Failure } from "../parts/notice.tsx";
import { type ListState, listState } from "./list-state.ts";
import { queueAddress } from "./route.ts";
import { type ListedQueue, useQueues } from "./use-queues.ts";

const PAGE = 200;
/** Sorting by a number needs all queues; of more than these, the first ones by name are sorted. */
const MOST_SORTED = 2000;

/** All queues: which are there, and where something is wrong. */
export function QueueList({ client, memory }: { readonly client: Client; readonly memory: Memory }): JSX.Element {
  const [{ filter, sort }, setState] = useState(() => listState(memory.get()));
  const [wanted, setWanted] = useState(PAGE);
  const [current, setCurrent] = useState<string | null>(null);
  const { queues, more, error, loading } = useQueues(client, filter.trim(), sort === "name" ? wanted : MOST_SORTED);
  const change = (next: Partial<ListState>): void => {
    const state = { filter, sort, ...next };
    memory.set(state);
    setState(state);
  };
  const rows = sorted(queues, sort);
  const open = (name: string): void => { location.hash = queueAddress(name); };
  return (
    <main class="queue-list">
      <h1 class="visually-hidden">{t("Queues")}</h1>
      <div class="toolbar">
        <TextField label={t("Filter queues by name")} placeholder={t("Filter by name")} value={filter} onChange={(value) => { change({ filter: value }); }} />
        <Select
          label={t("Sort by")}
          value={sort}
          onChange={(value) => { change({ sort: value as ListState["sort"] }); }}
          choices={[{ value: "name", label: t("By name") }, { value: "lag", label: t("Worst lag first") }, { value: "dead", label: t("Dead letters first") }]}
        />
        <span class="spacer" />
        <span class="described" role="status">{summary(queues.length, more, loading)}</span>
        {more && sort === "name" && <Button onClick={() => { setWanted(wanted + PAGE); }}>{t("Load more")}</Button>}
      </div>
      {error !== undefined && <Failure error={error} />}
      {rows.length > 0 && (
        <DataTable
          label={t("Queues")}
          columns={columns()}
          rows={rows}
          rowKey={({ name }) => name}
          current={current}
          onCurrent={setCurrent}
          onOpen={({ name }) => { open(name); }}
          onNearEnd={() => { if (more && sort === "name") setWanted(queues.length + PAGE); }}
        />
      )}
      {rows.length === 0 && !loading && error === undefined && (filter.trim() === "" ? <NoQueues /> : <Empty icon="filter" title={t("No queue's name holds “{0}”", filter.trim())}><Button onClick={() => { change({ filter: "" }); }}>{t("Show all queues")}</Button></Empty>)}
    </main>
  );
}

function NoQueues(): JSX.Element {
  return (
    <Empty title={t("There are no queues yet")}>
      <p>{t("A queue is made by its first message. Push one from a terminal, and it appears here:")}</p>
      <code>{"queuescope push orders '{\"id\": 1}'"}</code>
    </Empty>
  );
}

function summary(shown: number, more: boolean, loading: boolean): string {
  if (loading) return t("Reading…");
  return more ? t("The first {0} queues by name", number(shown)) : count(shown, "{0} queue", "{0} queues");
}

function columns(): Column<ListedQueue>[] {
  const state = (key: "ready" | "scheduled" | "leased" | "retrying" | "completed", title: string): Column<ListedQueue> => ({ key, title, width: "96px", numeric: true, cell: ({ counts }) => <Amount value={counts[key]} /> });
  return [
    { key: "name", title: t("Queue"), width: "minmax(200px, 1fr)", cell: ({ name, paused }) => <><a href={queueAddress(name)} tabIndex={-1} title={name}>{name}</a>{paused && <span class="paused"><Icon name="debug-pause" /> {t("paused")}</span>}</> },
    { key: "dead", title: t("Dead letters"), width: "112px", numeric: true, cell: (queue) => <span class={deadOf(queue) > 0 ? "alarming" : "nought"}>{number(deadOf(queue))}</span> },
    { key: "lag", title: t("Worst lag"), width: "minmax(140px, 220px)", numeric: true, cell: (queue) => <Lag queue={queue} /> },
    { key: "oldest", title: t("Oldest waits"), width: "112px", numeric: true, cell: ({ lag }) => (lag?.worst?.oldestReadyAge == null ? "" : duration(lag.worst.oldestReadyAge)) },
    state("ready", t("Ready")),
    state("scheduled", t("Scheduled")),
    state("leased", t("Leased")),
    state("retrying", t("Retrying")),
    state("completed", t("Completed")),
  ];
}

function Lag({ queue }: { readonly queue: ListedQueue }): JSX.Element {
  const group = queue.lag?.worst?.group ?? "default";
  const behind = number(lagOf(queue));
  return (
    <span class="lag" title={queue.lag?.groups === 0 ? t("No group has read this queue yet") : t("Group {0} has {1} messages to go", group, behind)}>
      {group !== "default" && <span class="described">{group}</span>}
      <Amount value={lagOf(queue)} />
    </span>
  );
}

function Amount({ value }: { readonly value: number }): JSX.Element {
  return <span class={value === 0 ? "nought" : ""}>{number(value)}</span>;
}

function deadOf({ counts, lag }: ListedQueue): number {
  return Math.max(counts.dead, lag?.dead ?? 0);
}

/** Without a group, all that waits for a first one. */
function lagOf({ counts, lag }: ListedQueue): number {
  return lag?.worst?.lag ?? counts.ready + counts.leased + counts.retrying;
}

function sorted(queues: readonly ListedQueue[], sort: ListState["sort"]): readonly ListedQueue[] {
  if (sort === "name") return queues;
  const rank = sort === "dead" ? deadOf : lagOf;
  return [...queues].sort((a, b) => rank(b) - rank(a));
}
