import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { GroupView, Params, Result } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { t } from "../l10n.ts";
import { Button, Select, TextField } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { count, number, time, utc } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";

type Place = Params<"groups.seek">["to"];
type Preview = Result<"groups.seekPreview">;

/** Where the group is to go on, and what that would replay or pass over. */
export function Seek({ queue, group }: { readonly queue: string; readonly group: GroupView }): JSX.Element {
  const { client, announce } = useInspector();
  const [to, setTo] = useState<"all" | "new" | "time">("all");
  const [written, setWritten] = useState(utc(Date.now() - 3_600_000).slice(0, 19).concat("Z"));
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const moment = Date.parse(/Z|[+-]\d\d:?\d\d$/.test(written) ? written : `${written}Z`);
  const place: Place | null = to === "time" ? (Number.isNaN(moment) ? null : moment) : to;
  const preview = useCall("groups.seekPreview", place === null ? null : { queue, group: group.name, to: place });

  async function seek(): Promise<void> {
    setAsking(false);
    if (place === null) return;
    try {
      await client.call("groups.seek", { queue, group: group.name, to: place });
      announce(t("{0} goes on at {1}", group.name, placeText(place)));
    } catch (reason) {
      setError(reason instanceof Error ? reason : new Error(String(reason)));
    }
  }

  return (
    <div class="seek" role="group" aria-label={t("Seek {0}", group.name)}>
      <div class="toolbar">
        <span>{t("Go on at")}</span>
        <Select label={t("Go on at")} value={to} onChange={(value) => { setTo(value === "new" ? "new" : value === "time" ? "time" : "all"); }} choices={[{ value: "all", label: t("the oldest message") }, { value: "new", label: t("new messages only") }, { value: "time", label: t("a time…") }]} />
        {to === "time" && <TextField label={t("Time, UTC without a zone")} value={written} invalid={place === null} onChange={setWritten} />}
        <Button icon="debug-step-back" disabled={place === null || preview.value === undefined} onClick={() => { setError(null); setAsking(true); }}>{t("Seek…")}</Button>
        <span class="hint" role="status">{place === null ? t("Write a time like 2030-01-31T12:00:00Z.") : preview.value === undefined ? "" : previewText(preview.value)}</span>
      </div>
      {error !== null && <Failure error={error} />}
      {preview.error !== undefined && <Failure error={preview.error} />}
      {asking && place !== null && preview.value !== undefined && (
        <Dialog title={t("Seek {0} of {1} to {2}?", group.name, queue, placeText(place))} action={preview.value.again > 0 ? t("Replay {0}", number(preview.value.again)) : t("Seek")} onAction={() => void seek()} onCancel={() => { setAsking(false); }}>
          <p>{previewText(preview.value)}</p>
          {group.counts.leased > 0 && <p>{count(group.counts.leased, "{0} leased message loses its receipt.", "{0} leased messages lose their receipts.")}</p>}
          <p>{t("Retries and attempts are forgotten. Dead letters stay.")}</p>
        </Dialog>
      )}
    </div>
  );
}

function placeText(place: Place): string {
  return place === "all" ? t("the oldest message") : place === "new" ? t("new messages only") : t("{0} ({1})", time(place), utc(place));
}

function previewText({ messages, again, skipped, exact }: Preview): string {
  const parts = [
    count(messages, "It would get {0} message", "It would get {0} messages"),
    ...(again > 0 ? [count(again, "{0} of them again", "{0} of them again")] : []),
    ...(skipped > 0 ? [count(skipped, "{0} that it hasn't completed would be passed over", "{0} that it hasn't completed would be passed over")] : []),
  ];
  return `${parts.join(", ")}.${exact ? "" : ` ${t("These are estimates: the messages are too many to look at each.")}`}`;
}
