import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { FoundEvent, TraceName } from "../../src/protocol/index.ts";
import { usePages } from "../app/use-pages.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Button } from "../parts/controls.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { number } from "../parts/format.ts";
import { Empty, Failure } from "../parts/notice.tsx";
import { Time } from "../parts/time.tsx";

/** The names under which handlers recorded something. */
export function Names({ match, onOpen }: { readonly match: string; readonly onOpen: (name: string) => void }): JSX.Element {
  const { rows, loading, error, more } = usePages("traces.names", match === "" ? {} : { match });
  const [current, setCurrent] = useState<string | null>(null);
  const columns: readonly Column<TraceName>[] = [
    { key: "name", title: t("Trace name"), width: "minmax(160px, 1fr)", cell: ({ name }) => <button type="button" class="link" tabIndex={-1} onClick={() => { onOpen(name); }}>{name}</button> },
    { key: "messages", title: t("Messages"), width: "100px", numeric: true, cell: ({ messages }) => number(messages) },
    { key: "events", title: t("Events"), width: "100px", numeric: true, cell: ({ events }) => number(events) },
    { key: "last", title: t("Last"), width: "160px", cell: ({ lastAt }) => <Time at={lastAt} /> },
  ];
  if (error !== undefined) return <Failure error={error} />;
  if (rows.length === 0) {
    if (loading) return <p class="loading" role="status">{t("Reading…")}</p>;
    return match === "" ? <NoNames /> : <Empty icon="search" title={t("No trace name has {0} in it", match)} />;
  }
  return <DataTable label={t("Trace names")} columns={columns} rows={rows} rowKey={({ name }) => name} current={current} onCurrent={setCurrent} onOpen={({ name }) => { onOpen(name); }} onNearEnd={more} />;
}

function NoNames(): JSX.Element {
  const { queue, show } = useInspector();
  const { lastId } = queue;
  return (
    <Empty icon="pulse" title={t("No trace names yet")}>
      <p>{t("Handlers record events under a name, across queues: trace({ traceName, eventType, data }). The life of a single message is found by its id.")}</p>
      {lastId !== null && <Button onClick={() => { show("traces", { messageId: lastId }); }}>{t("Show the Latest Message")}</Button>}
    </Empty>
  );
}

/** Events with a text, from wherever they are. */
export function Found({ match, queue, onOpen }: { readonly match: string; readonly queue: string | undefined; readonly onOpen: (messageId: string) => void }): JSX.Element {
  const { rows, loading, error, more } = usePages("traces.find", { match, ...(queue === undefined ? {} : { queue }) });
  const [current, setCurrent] = useState<string | null>(null);
  const columns: readonly Column<FoundEvent>[] = [
    { key: "at", title: t("Time"), width: "160px", cell: ({ at }) => <Time at={at} /> },
    { key: "message", title: t("Message"), width: "110px", cell: ({ messageId }) => <button type="button" class="link mono" tabIndex={-1} onClick={() => { onOpen(messageId); }}>{messageId}</button> },
    { key: "queue", title: t("Queue"), width: "minmax(80px, 1fr)", cell: ({ queue: name }) => name },
    { key: "type", title: t("Event"), width: "110px", cell: ({ type }) => type },
    { key: "worker", title: t("Worker"), width: "minmax(60px, 1fr)", cell: ({ worker }) => worker ?? "" },
    { key: "text", title: t("Data"), width: "minmax(160px, 4fr)", cell: ({ names, text }) => `${names.join(", ")}${names.length > 0 ? "  " : ""}${text}` },
  ];
  if (error !== undefined) return <Failure error={error} />;
  if (rows.length === 0) return loading ? <p class="loading" role="status">{t("Searching…")}</p> : <Empty icon="search" title={t("No event has {0} in it", match)}><Button onClick={more}>{t("Search on")}</Button></Empty>;
  return <DataTable label={t("Events")} columns={columns} rows={rows} rowKey={({ id, queue: name }) => `${name} ${id}`} current={current} onCurrent={setCurrent} onOpen={({ messageId }) => { onOpen(messageId); }} onNearEnd={more} />;
}
