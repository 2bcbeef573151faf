import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { MessageRow } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import type { TabProps } from "../app/tab-bar.tsx";
import { t } from "../l10n.ts";
import { Button } from "../parts/controls.tsx";
import { DataTable, type Sight } from "../parts/data-table.tsx";
import { count } from "../parts/format.ts";
import { Empty, Failure } from "../parts/notice.tsx";
import { ChosenBar } from "./chosen.tsx";
import { columnsOf } from "./columns.tsx";
import { Details } from "./details.tsx";
import { ListFooter, TailFooter, totalOf } from "./footer.tsx";
import { Histogram } from "./histogram.tsx";
import { type Conditions, filterOf, isFiltered, useConditions, useLook } from "./settings.ts";
import { Split } from "./split.tsx";
import { timeOf } from "./time-text.ts";
import { Toolbar } from "./toolbar.tsx";
import { useList, useTail } from "./use-list.ts";

const NOTHING_SEEN: Sight = { first: 0, last: 0, atTop: true };

export function MessagesTab({ start }: TabProps): JSX.Element {
  const { client, queue, group, version, show, announce } = useInspector();
  const [conditions, setConditions] = useConditions();
  const [look, setLook] = useLook();
  const [live, setLive] = useState(false);
  const [current, setCurrent] = useState(start.messageId ?? null);
  const [opened, setOpened] = useState(start.messageId ?? null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [sight, setSight] = useState(NOTHING_SEEN);
  const [jumpError, setJumpError] = useState<Error | null>(null);
  /** Where the list begins, instead of at its start: until the filter changes. */
  const first = useRef(start.messageId);

  const filter = filterOf(conditions, group);
  const { list, state } = useList(filter, look.order, !live, first.current);
  const following = useTail(filterOf({ match: conditions.match, partition: conditions.partition }, group), live);
  const columns = useMemo(() => columnsOf(look.columns, look.widths), [look.columns, look.widths]);
  const tailed = following?.state.rows;
  // The same array while nothing came: the table says what is in sight whenever it is given other rows.
  const rows = useMemo(() => (tailed === undefined ? state.window.rows : shownOrder(tailed, look.order)), [tailed, state.window.rows, look.order]);

  useEffect(() => {
    if (following === null) return;
    const most = following.state.rows.length - 1;
    const [from, to] = look.order === "oldest" ? [sight.first, sight.last] : [most - sight.last, most - sight.first];
    following.tail.look(from, to).catch(() => {
      // The tail itself says what went wrong.
    });
  }, [version]);
  useStart(start, (messageId) => {
    if (messageId === undefined) return;
    setLive(false);
    open(messageId);
    void list.to(messageId);
  }, (partition) => { change({ partition }); });

  function open(id: string): void {
    setCurrent(id);
    setOpened(id);
  }
  function change(next: Conditions): void {
    first.current = undefined;
    setChosen(new Set());
    setConditions(next);
  }
  async function jump(to: string): Promise<void> {
    setJumpError(null);
    try {
      const at = timeOf(to, Date.now());
      const id = at === null ? to : (await client.call("messages.at", { queue: queue.name, group, at })).id;
      if (id === null) throw new Error(t("Nothing entered since then."));
      await list.to(id);
      if (list.state.error !== undefined) return;
      setCurrent(id);
      announce(t("Went to {0}.", id));
    } catch (error) {
      setJumpError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  // The same elements as before where nothing of theirs changed: scrolling draws the table and the footer alone.
  const toolbar = useMemo(() => (
    <Toolbar
      conditions={conditions}
      onConditions={change}
      look={look}
      onLook={(next) => { first.current = undefined; setLook(next); }}
      live={live}
      onLive={(on) => { setChosen(new Set()); setLive(on); }}
      onJump={(to) => void jump(to)}
      onEnds={(end) => { void (end === "start" ? list.toStart() : list.toEnd()); }}
    />
  ), [conditions, look, live, list]);
  const histogram = useMemo(() => <Histogram conditions={conditions} onSpan={(span) => { change({ ...conditions, from: span.from, to: span.to }); }} />, [conditions]);
  const details = useMemo(() => (opened === null ? null : <Details id={opened} onClose={() => { setOpened(null); document.querySelector<HTMLElement>(".messages-list .table")?.focus(); }} />), [opened]);
  const error = following === null ? state.error : following.state.error;

  return (
    <div class="messages-tab" onKeyDown={(event) => {
      if (event.key !== "/" || isTyping(event)) return;
      event.preventDefault();
      document.querySelector<HTMLElement>(".messages-toolbar .search vscode-textfield")?.focus();
    }}>
      {toolbar}
      {look.histogram && !live && histogram}
      {jumpError !== null && <Failure error={jumpError}><Button onClick={() => { setJumpError(null); }}>{t("OK")}</Button></Failure>}
      {error !== undefined && <Failure error={error} />}
      <Split open={opened !== null} side={details}>
        <div class="messages-list">
          {following === null && state.newer.count > 0 && <button type="button" class="newer" onClick={() => { void list.toStart(); }}>{state.newer.more ? t("More than {0} new messages", state.newer.count) : count(state.newer.count, "{0} new message", "{0} new messages")}</button>}
          {rows.length === 0 ? <Nothing live={live} loading={state.loading} paused={state.paused !== null} filtered={isFiltered(conditions)} onClear={() => { change({}); }} onPush={() => { show("push"); }} /> : (
            <DataTable
              label={t("Messages")}
              columns={columns}
              rows={rows}
              rowKey={(row) => row.id}
              rowClass={(row) => rowClass(row, state.window.gone)}
              current={current}
              onCurrent={(id) => { setCurrent(id); if (opened !== null) setOpened(id); }}
              onPick={({ id }) => { open(id); }}
              onOpen={({ id }) => { open(id); }}
              chosen={chosen}
              onChosen={setChosen}
              followEnd={live && look.order === "oldest"}
              onResize={(key, width) => { setLook({ ...look, widths: { ...look.widths, [key]: width } }); }}
              onSight={(seen) => { setSight(seen); if (!live) list.see(seen.first, seen.last, seen.atTop); }}
              {...(live ? {} : {
                offset: state.window.above ?? 0,
                ...(totalOf(queue, group, conditions) === null ? {} : { total: queue.messages }),
                reveal: state.reveal,
                onNearEnd: () => { list.more("down"); },
                onNearStart: () => { list.more("up"); },
                onHome: () => { if (state.window.up !== null) void list.toStart(); return state.window.up !== null; },
                onEnd: () => { if (state.window.down !== null) void list.toEnd(); return state.window.down !== null; },
              })}
            />
          )}
          <ChosenBar rows={rows} chosen={chosen} onDone={() => { setChosen(new Set()); }} />
        </div>
      </Split>
      {following === null
        ? <ListFooter list={state} sight={sight} total={totalOf(queue, group, conditions)} onSearch={() => { list.search(); }} />
        : <TailFooter tail={following.state} onPause={() => { following.tail.pause(); }} onResume={() => { following.tail.start(); }} onClear={() => { following.tail.clear(); }} />}
    </div>
  );
}

/** A link from elsewhere, each time one is followed. */
function useStart({ messageId, partition }: TabProps["start"], onMessage: (id: string | undefined) => void, onPartition: (partition: string) => void): void {
  const known = useRef(messageId);
  useEffect(() => {
    if (partition !== undefined) onPartition(partition);
    if (messageId !== known.current) onMessage(messageId);
    known.current = messageId;
  }, [messageId, partition]);
}

function shownOrder(rows: readonly MessageRow[], order: "newest" | "oldest"): readonly MessageRow[] {
  return order === "oldest" ? rows : rows.toReversed();
}

function rowClass({ id, state }: MessageRow, gone: ReadonlySet<string>): string {
  return gone.has(id) ? "gone" : state === "completed" ? "quiet" : "";
}

function isTyping(event: KeyboardEvent): boolean {
  return event.composedPath().some((target) => target instanceof HTMLElement && /^(input|textarea|select|vscode-text\w+)$/i.test(target.tagName));
}

function Nothing({ live, loading, paused, filtered, onClear, onPush }: { readonly live: boolean; readonly loading: boolean; readonly paused: boolean; readonly filtered: boolean; readonly onClear: () => void; readonly onPush: () => void }): JSX.Element {
  const { queue, surroundings: { connection } } = useInspector();
  if (live) return <Empty icon="broadcast" title={t("Waiting for messages")}><p>{t("What enters {0} from now on is shown here as it comes.", queue.name)}</p></Empty>;
  if (loading) return <p class="loading" role="status">{t("Reading…")}</p>;
  if (paused) return <Empty icon="search" title={t("Nothing found yet")}><p>{t("The search goes on where it stopped: Continue searching is below.")}</p></Empty>;
  if (filtered) return <Empty icon="filter" title={t("No message matches")}><Button onClick={onClear}>{t("Clear filters")}</Button></Empty>;
  return (
    <Empty title={t("No messages yet")}>
      <p>{t("Push the first one here, or from a terminal:")}</p>
      <code>{`queuescope push ${queue.name} DATA`}</code>
      {!connection.readOnly && <Button primary onClick={onPush}>{t("Push a message")}</Button>}
    </Empty>
  );
}
