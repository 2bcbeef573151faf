import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import * as z from "zod/mini";
import type { Draft, PushSummary } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import type { TabProps } from "../app/tab-bar.tsx";
import { useRemembered } from "../app/use-remembered.ts";
import { HostError } from "../channel/client.ts";
import { t } from "../l10n.ts";
import { Button, Labelled, Select, TextArea, TextField } from "../parts/controls.tsx";
import { number } from "../parts/format.ts";
import { Empty, Failure } from "../parts/notice.tsx";
import { Answer } from "./answer.tsx";
import { dataProblem, EMPTY_DRAFT, formShape, laidOut } from "./draft.ts";
import { HeadersField } from "./headers-field.tsx";
import { TemplatesBar } from "./templates-bar.tsx";

/** A form for a message; nothing is pushed before its button is pressed. */
export function PushTab({ start }: TabProps): JSX.Element {
  const inspector = useInspector();
  const { queue, client, surroundings } = inspector;
  const [draft, setDraft] = useRemembered<Draft>("draft", formShape, EMPTY_DRAFT);
  const [times, setTimes] = useRemembered("times", z.string(), "1");
  const [rate, setRate] = useRemembered("rate", z.string(), "");
  const [preview, setPreview] = useState<Draft | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const sending = useSending(setError);
  const problem = dataProblem(draft);
  const change = (fields: Partial<Draft>): void => {
    setPreview(null);
    setDraft({ ...draft, ...fields });
  };
  const fail = (reason: unknown): void => { setError(reason instanceof Error ? reason : new Error(String(reason))); };

  useEffect(() => {
    if (start.pushFrom === undefined) return;
    client.call("push.copy", { id: start.pushFrom }).then((copy) => { setDraft({ ...copy.draft, data: copy.draft.encoding === "json" ? laidOut(copy.draft.data) : copy.draft.data }); }, fail);
  }, [client, start.pushFrom]);

  if (surroundings.connection.readOnly) return <Empty icon="lock" title={t("This connection is read-only")}><p>{t("Nothing can be pushed through it: it was set so in queuescope.json, or opened with --read-only.")}</p></Empty>;

  const howOften = Number(times);
  const timesProblem = Number.isInteger(howOften) && howOften >= 1 && howOften <= 1_000_000 ? undefined : t("A number from 1 to 1,000,000.");
  const aSecond = rate.trim() === "" ? null : Number(rate);
  const rateProblem = aSecond === null || (aSecond > 0 && aSecond <= 100_000) ? undefined : t("Messages a second, or nothing for as fast as possible.");
  const ready = problem === undefined && timesProblem === undefined && rateProblem === undefined && !sending.running;
  const fieldError = (name: string): string | undefined => (error instanceof HostError && error.field === name ? error.message : undefined);
  const push = (): void => {
    if (!ready) return;
    setError(null);
    void sending.start(draft, howOften, aSecond);
  };
  const seePreview = (): void => {
    setError(null);
    client.call("push.preview", { queue: queue.name, draft }).then((answer) => { setPreview(answer.draft); }, fail);
  };

  return (
    <form class="push-form" onSubmit={(event) => { event.preventDefault(); }} onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) push(); }}>
      <div class="toolbar">
        <TemplatesBar draft={draft} onLoad={(loaded) => { change(loaded); }} onError={fail} />
        <span class="spacer" />
        <Button onClick={() => { setPreview(null); setDraft(EMPTY_DRAFT); }}>{t("Clear")}</Button>
      </div>
      <div class="push-fields">
        <Labelled label={t("Data")} error={problem ?? fieldError("data")}>
          <div class="data-kind">
            <Select label={t("Kind of data")} value={draft.encoding} onChange={(encoding) => { change({ encoding: encoding as Draft["encoding"] }); }} choices={[{ value: "json", label: "JSON" }, { value: "text", label: t("Text") }, { value: "bytes", label: t("Bytes (base64)") }]} />
            {draft.encoding === "json" && <Button disabled={problem !== undefined} onClick={() => { change({ data: laidOut(draft.data) }); }}>{t("Lay Out")}</Button>}
            <Button disabled={problem !== undefined} onClick={seePreview} title={t("Fills in placeholders once, and pushes nothing")}>{t("Preview")}</Button>
          </div>
          <TextArea label={t("Data")} value={draft.data} rows={10} invalid={problem !== undefined} onChange={(data) => { change({ data }); }} />
          <p class="hint">{t("Placeholders are filled in for each message:")} {PLACEHOLDERS.map((name) => <code key={name}>{`"{{${name}}}"`}</code>)} {t("Alone in a string, a number stays a number.")}</p>
        </Labelled>
        {preview !== null && <Labelled label={t("Preview")}><pre class="preview" tabIndex={0} aria-label={t("Preview")}>{preview.encoding === "json" ? laidOut(preview.data) : preview.data}</pre></Labelled>}
        <Labelled label={t("Headers")} error={fieldError("headers")}><HeadersField value={draft.headers} onChange={(headers) => { change({ headers: { ...headers } }); }} /></Labelled>
        <Labelled label={t("Partition")} error={fieldError("partition")}><TextField label={t("Partition")} value={draft.partition} placeholder={t("none: no order to keep")} onChange={(partition) => { change({ partition }); }} /></Labelled>
        <Labelled label={t("Your own id")} error={fieldError("transactionId")}><TextField label={t("Your own id")} value={draft.id} placeholder={t("none: never a duplicate")} onChange={(id) => { change({ id }); }} /></Labelled>
        <Labelled label={t("Delay")} error={fieldError("delay")}><TextField label={t("Delay")} value={draft.delay} placeholder={t("none; 30s, 5m, 2h")} onChange={(delay) => { change({ delay }); }} /></Labelled>
        <Labelled label={t("Priority")} error={fieldError("priority")}><TextField label={t("Priority")} value={draft.priority} placeholder={t("the queue's; 0 to 9, 9 first, not with a partition")} onChange={(priority) => { change({ priority }); }} /></Labelled>
        <Labelled label={t("Expires after")} error={fieldError("ttl")}><TextField label={t("Expires after")} value={draft.ttl} placeholder={t("the queue's; 30s, 5m, 2h")} onChange={(ttl) => { change({ ttl }); }} /></Labelled>
        <Labelled label={t("How many")} error={timesProblem ?? rateProblem}>
          <div class="how-many">
            <TextField label={t("How many")} type="number" value={times} invalid={timesProblem !== undefined} onChange={setTimes} />
            <span>{t("at")}</span>
            <TextField label={t("Messages a second")} value={rate} placeholder={t("as fast as possible")} invalid={rateProblem !== undefined} onChange={setRate} />
            <span>{t("a second")}</span>
          </div>
        </Labelled>
      </div>
      {error !== null && (!(error instanceof HostError) || error.field === undefined || fieldError(error.field) === undefined || !SHOWN_FIELDS.has(error.field)) && <Failure error={error} />}
      <div class="push-actions">
        <Button primary icon="arrow-up" disabled={!ready} onClick={push}>{timesProblem !== undefined || howOften === 1 ? t("Push to {0}", queue.name) : t("Push {0} to {1}", number(howOften), queue.name)}</Button>
        {sending.running && <Button onClick={sending.stop}>{t("Stop")}</Button>}
      </div>
      {sending.summary !== null && <Answer summary={sending.summary} running={sending.running} />}
    </form>
  );
}

/** Some of them, as examples. */
const PLACEHOLDERS = ["uuid", "counter", "now", "person.fullName", "internet.email"];

/** Fields beside which their own error stands. */
const SHOWN_FIELDS: ReadonlySet<string> = new Set(["data", "headers", "partition", "transactionId", "delay", "priority", "ttl"]);

interface Sending {
  readonly running: boolean;
  readonly summary: PushSummary | null;
  start(draft: Draft, times: number, rate: number | null): Promise<void>;
  readonly stop: () => void;
}

/** A push that may take its time: what was pushed until a stop is told. */
function useSending(onError: (error: Error) => void): Sending {
  const { client, queue, announce } = useInspector();
  const [running, setRunning] = useState(false);
  const [summary, setSummary] = useState<PushSummary | null>(null);
  const stopping = useRef<AbortController | null>(null);
  useEffect(() => () => { stopping.current?.abort(); }, []);
  return {
    running,
    summary,
    stop: () => { stopping.current?.abort(); },
    start: async (draft, times, rate) => {
      const stop = new AbortController();
      stopping.current = stop;
      setRunning(true);
      setSummary(null);
      try {
        const done = await client.call("push.send", { queue: queue.name, draft, times, rate }, { signal: stop.signal, onProgress: setSummary });
        setSummary(done);
        announce(t("Pushed {0} of {1}.", number(done.pushed), number(times)));
      } catch (error) {
        if (!stop.signal.aborted) onError(error instanceof Error ? error : new Error(String(error)));
      } finally {
        setRunning(false);
      }
    },
  };
}
