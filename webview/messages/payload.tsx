import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { MessageDetail, MessageRow } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Button } from "../parts/controls.tsx";
import { bytes, number } from "../parts/format.ts";
import { bytesOf, hexLines, textOf } from "./content.ts";
import { jsonLines } from "./json-lines.ts";

type Form = "pretty" | "raw" | "hex";

/** Lines drawn at once; more on demand. */
const LINES = 2000;
/** Characters of a single line; longer ones are cut where it is pretty, and whole where it is raw. */
const LONGEST_LINE = 20_000;

/** What is shown of a message, or of a dead letter of it. */
export interface ShownPayload extends Pick<MessageDetail, "content" | "truncated"> {
  readonly row: Pick<MessageRow, "id" | "size">;
}

/** The payload, as JSON with colours, as it came, or byte by byte. */
export function PayloadView({ detail }: { readonly detail: ShownPayload }): JSX.Element {
  const { content, truncated, row } = detail;
  const [form, setForm] = useState<Form>(content.encoding === "json" ? "pretty" : content.encoding === "text" ? "raw" : "hex");
  const [lines, setLines] = useState(LINES);
  const forms: readonly (readonly [Form, string])[] = [...(content.encoding === "json" ? [["pretty", t("Pretty")] as const] : []), ["raw", t("Raw")], ["hex", t("Hex")]];
  return (
    <section class="payload">
      <div class="payload-head">
        <h3>{t("Data")}</h3>
        <div class="forms" role="group" aria-label={t("How the data is shown")}>
          {forms.map(([name, title]) => <button key={name} type="button" class="form" aria-pressed={form === name} onClick={() => { setForm(name); setLines(LINES); }}>{title}</button>)}
        </div>
      </div>
      {form === "pretty" && <Pretty content={content} lines={lines} onMore={() => { setLines(lines * 4); }} />}
      {form === "raw" && <pre class="payload-text" tabIndex={0} aria-label={t("Data")}>{textOf(content)}</pre>}
      {form === "hex" && <Hex content={content} lines={lines} onMore={() => { setLines(lines * 4); }} />}
      {truncated && <Truncated id={row.id} size={row.size} />}
    </section>
  );
}

type ViewProps = { readonly content: MessageDetail["content"]; readonly lines: number; readonly onMore: () => void };

function Pretty({ content, lines: most, onMore }: ViewProps): JSX.Element {
  const { lines, more } = useMemo(() => jsonLines(textOf(content), most), [content.text, most]);
  return (
    <>
      <pre class="payload-text json" tabIndex={0} aria-label={t("Data")}>
        {lines.map(({ indent, tokens }, i) => <div key={i} style={{ paddingInlineStart: `${indent * 2}ch` }}>{tokens.map(({ kind, text }, at) => <span key={at} class={`json-${kind}`}>{text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text}</span>)}</div>)}
      </pre>
      {more && <MoreLines shown={lines.length} onMore={onMore} />}
    </>
  );
}

function Hex({ content, lines: most, onMore }: ViewProps): JSX.Element {
  const all = useMemo(() => bytesOf(content), [content.text]);
  const lines = useMemo(() => hexLines(all, most), [all, most]);
  return (
    <>
      <pre class="payload-text hex" tabIndex={0} aria-label={t("Data in hexadecimal")}>{lines.map(({ offset, hex, text }) => <div key={offset}><span class="json-null">{offset}</span>{`  ${hex.padEnd(48)}  `}<span class="json-string">{text}</span></div>)}</pre>
      {lines.length * 16 < all.length && <MoreLines shown={lines.length} onMore={onMore} />}
    </>
  );
}

function MoreLines({ shown, onMore }: { readonly shown: number; readonly onMore: () => void }): JSX.Element {
  return <p class="hint">{t("The first {0} lines.", number(shown))} <button type="button" class="link" onClick={onMore}>{t("Show more")}</button></p>;
}

function Truncated({ id, size }: { readonly id: string; readonly size: number }): JSX.Element {
  const { client, surroundings, group, announce } = useInspector();
  const failed = (error: unknown): void => { announce(String(error)); };
  return (
    <div class="truncated" role="note">
      <span>{t("These are the first 256 KB of {0}.", bytes(size))}</span>
      {surroundings.surface === "editor" && <Button onClick={() => { client.call("messages.open", { id, group }).catch(failed); }}>{t("Open in Editor")}</Button>}
      <Button onClick={() => { client.call("messages.download", { id }).then(({ name }) => { if (name !== null) announce(t("Saved as {0}.", name)); }, failed); }}>{t("Download")}</Button>
    </div>
  );
}
