import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { TraceStory } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Button, Icon } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { count, duration } from "../parts/format.ts";
import { Empty, Failure } from "../parts/notice.tsx";
import { Chart } from "./chart.tsx";
import { StoryTable } from "./table.tsx";
import { stepPlace } from "./words.ts";

/** The life of a message, or of all under one name: drawn, and in words. */
export function Story({ story, title, messageId }: { readonly story: TraceStory; readonly title: string; readonly messageId: string | null }): JSX.Element {
  const { client, surroundings, announce } = useInspector();
  if (story.rows.length === 0) return <Empty icon="search" title={t("Nothing is recorded under {0}", title)}><p>{t("Handlers record events under a name: trace({ traceName, eventType, data }).")}</p></Empty>;
  const { slowest, rows, from, to } = story;
  const slow = rows.find(({ key }) => key === slowest?.row);
  const messages = new Set(rows.map((row) => row.messageId)).size;
  return (
    <div class="trace-story">
      <div class="trace-head">
        <h2>{title}</h2>
        <span>{count(messages, "{0} message", "{0} messages")}, {duration(to - from)}</span>
        {slowest !== null && slow !== undefined && <span class="slow-text"><Icon name="flame" /> {t("Slowest: {0}, {1}, {2}% of the whole", stepPlace(slowest.step, slow), duration(slowest.duration), Math.round(slowest.share * 100))}</span>}
        <span class="spacer" />
        {messageId !== null && surroundings.surface === "editor" && <Button icon="go-to-file" onClick={() => { client.call("traces.open", { id: messageId }).catch((error: unknown) => { announce(String(error)); }); }}>{t("Open in Editor")}</Button>}
      </div>
      <Levels story={story} />
      {story.more && <p class="trace-note" role="note"><Icon name="info" /> {t("More messages belong to it than can be shown at once.")}</p>}
      <Chart story={story} />
      <StoryTable story={story} />
    </div>
  );
}

/** Says where less is recorded than this view could show, and changes it when asked to. */
function Levels({ story }: { readonly story: TraceStory }): JSX.Element | null {
  const { client, surroundings, announce } = useInspector();
  const [asked, setAsked] = useState<string>();
  const [error, setError] = useState<Error>();
  const less = story.levels.filter(({ trace }) => trace !== "all");
  if (less.length === 0) return null;

  function record(queue: string): void {
    setAsked(undefined);
    client.call("traces.record", { queue }).then(
      () => { announce(t("Everything that happens in {0} is recorded from now on.", queue)); },
      (reason: unknown) => { setError(reason instanceof Error ? reason : new Error(String(reason))); },
    );
  }

  return (
    <>
      {less.map(({ queue, trace }) => (
        <div key={queue} class="trace-note" role="note">
          <Icon name="info" />
          <span>{trace === "off" ? t("{0} records nothing of what happens to its messages (trace: off): steps are missing.", queue) : t("{0} records failures only (trace: failures): when a delivery began, and what succeeded, is missing.", queue)}</span>
          {!surroundings.connection.readOnly && <Button onClick={() => { setAsked(queue); }}>{t("Record Everything…")}</Button>}
        </div>
      ))}
      {error !== undefined && <Failure error={error} />}
      {asked !== undefined && (
        <Dialog title={t("Record everything that happens in {0}?", asked)} action={t("Record Everything")} onAction={() => { record(asked); }} onCancel={() => { setAsked(undefined); }}>
          <p>{t("The queue's option trace is set to all: each lease, ack and release of each of its messages is stored from now on. That takes space, and some of its speed. What happened until now stays as it is.")}</p>
        </Dialog>
      )}
    </>
  );
}
