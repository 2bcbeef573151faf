import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PartitionRow } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { usePages } from "../app/use-pages.ts";
import { t } from "../l10n.ts";
import { Icon, TextField } from "../parts/controls.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { number } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { Time } from "../parts/time.tsx";

const COLUMNS: readonly Column<PartitionRow>[] = [
  { key: "name", title: t("Partition"), width: "minmax(160px, 1fr)", cell: ({ name, leased }) => <>{leased && <Icon name="lock" />} {name}</> },
  { key: "lag", title: t("Behind"), width: "100px", numeric: true, cell: ({ lag }) => number(lag) },
  { key: "messages", title: t("Messages"), width: "100px", numeric: true, cell: ({ messages }) => number(messages) },
  { key: "state", title: t("Head"), width: "220px", cell: ({ leased, readyAt }) => headText(leased, readyAt) },
  { key: "pushed", title: t("Last push"), width: "160px", cell: ({ lastPushedAt }) => (lastPushedAt === null ? "" : <Time at={lastPushedAt} />) },
];

/** Lag by partition, the worst first, any number of them. */
export function Partitions(): JSX.Element | null {
  const { queue, group, show } = useInspector();
  const [match, setMatch] = useState("");
  const [current, setCurrent] = useState<string | null>(null);
  const pages = usePages("metrics.partitions", { queue: queue.name, group, limit: 100, ...(match === "" ? {} : { match }) });
  if (queue.partitions === 0) return null;
  return (
    <section class="partitions" aria-label={t("Lag by partition")}>
      <h2>{t("Lag by partition")} <span class="hint">{t("{0} in the queue, the worst for {1} first", number(queue.partitions), group)}</span></h2>
      <TextField label={t("Part of a partition's name")} placeholder={t("filter")} value={match} onChange={setMatch} />
      {pages.error !== undefined && <Failure error={pages.error} />}
      {pages.rows.length === 0 && !pages.loading && <p class="hint">{t("No partition has {0} in its name.", match)}</p>}
      <DataTable label={t("Lag by partition")} columns={COLUMNS} rows={pages.rows} total={match === "" ? queue.partitions : pages.rows.length} rowKey={({ name }) => name} current={current} onCurrent={setCurrent} onNearEnd={pages.more} onOpen={({ name }) => { show("messages", { partition: name }); }} />
    </section>
  );
}

function headText(leased: boolean, readyAt: number | null): JSX.Element | string {
  if (leased) return t("leased");
  if (readyAt === null) return t("nothing waits");
  return readyAt <= Date.now() ? t("ready") : <>{t("retrying at")} <Time at={readyAt} /></>;
}
