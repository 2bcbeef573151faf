import { diffLines } from "diff";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { MessageDetail } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { t } from "../l10n.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Failure } from "../parts/notice.tsx";
import { textOf } from "./content.ts";
import { jsonText } from "./json-lines.ts";

/** Longer comparisons are given up. */
const DIFF_MS = 2000;
const MOST_LINES = 20_000;

/** What differs between two messages, where there is no editor to show it. */
export function Comparison({ left, right, onClose }: { readonly left: string; readonly right: string; readonly onClose: () => void }): JSX.Element {
  const { group } = useInspector();
  const [first, second] = [useCall("messages.get", { id: left, group }), useCall("messages.get", { id: right, group })];
  const error = first.error ?? second.error;
  return (
    <Dialog title={t("{0} compared with {1}", left, right)} action={t("Close")} onAction={onClose} onCancel={onClose}>
      {error !== undefined && <Failure error={error} />}
      {first.value !== undefined && second.value !== undefined && <Difference left={document(first.value)} right={document(second.value)} />}
      {(first.value?.truncated === true || second.value?.truncated === true) && <p class="hint">{t("Only the first 256 KB of the data are compared.")}</p>}
    </Dialog>
  );
}

/** What differs between two texts, line by line. */
export function Difference({ left, right }: { readonly left: string; readonly right: string }): JSX.Element {
  const parts = useMemo(() => diffLines(left, right, { timeout: DIFF_MS }), [left, right]);
  if (parts === undefined) return <p>{t("They are too different to be compared line by line.")}</p>;
  if (parts.every(({ added, removed }) => !added && !removed)) return <p>{t("They have the same data and headers.")}</p>;
  return (
    <pre class="difference" tabIndex={0} aria-label={t("Differences")}>
      {parts.map(({ added, removed, value }, i) => (
        <div key={i} class={added ? "added" : removed ? "removed" : ""}>{value.replace(/\n$/, "").split("\n").map((line) => `${added ? "+" : removed ? "-" : " "} ${line}`).join("\n")}</div>
      ))}
    </pre>
  );
}

/** What is compared: headers, then the data, in lines. */
function document({ row, content }: MessageDetail): string {
  const headers = Object.entries(row.headers).map(([name, value]) => `${name}: ${value}\n`).join("");
  const data = content.encoding === "json" ? jsonText(textOf(content), MOST_LINES) : content.encoding === "text" ? textOf(content) : content.text.replaceAll(/(.{76})/g, "$1\n");
  return `${headers}${headers === "" ? "" : "\n"}${data}\n`;
}
