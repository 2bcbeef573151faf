import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { TabProps } from "../app/tab-bar.tsx";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { t } from "../l10n.ts";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Empty, Failure } from "../parts/notice.tsx";
import { Time } from "../parts/time.tsx";
import type { MessageRow } from "../../src/protocol/index.ts";

const COLUMNS: readonly Column<MessageRow>[] = [
  { key: "time", title: t("Entered"), width: "110px", cell: (row) => <Time at={row.createdAt} /> },
  { key: "id", title: t("Id"), width: "90px", cell: (row) => row.id },
  { key: "state", title: t("State"), width: "90px", cell: (row) => row.state },
  { key: "partition", title: t("Partition"), width: "120px", cell: (row) => row.partition ?? "" },
  { key: "data", title: t("Data"), width: "minmax(160px, 1fr)", cell: (row) => row.preview },
];

export function MessagesTab({ start }: TabProps): JSX.Element {
  const { queue, group } = useInspector();
  const [current, setCurrent] = useState(start.messageId ?? null);
  const page = useCall("messages.browse", { queue: queue.name, filter: { group }, limit: 200 });
  if (page.error !== undefined) return <Failure error={page.error} />;
  if (page.value?.rows.length === 0) return <Empty title={t("No messages")} />;
  return <DataTable label={t("Messages")} columns={COLUMNS} rows={page.value?.rows ?? []} rowKey={(row) => row.id} current={current} onCurrent={setCurrent} />;
}
