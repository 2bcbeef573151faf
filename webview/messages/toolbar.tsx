import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { MESSAGE_STATES, type MessageState } from "../../src/core/message.ts";
import { t } from "../l10n.ts";
import { Button, IconButton, Select, TextField } from "../parts/controls.tsx";
import { ColumnsMenu } from "./columns-menu.tsx";
import { type Conditions, isFiltered, type Look } from "./settings.ts";
import { stateName } from "./state.tsx";
import { TimeMenu } from "./time-menu.tsx";
import { TransferMenu } from "./transfer.tsx";

export interface ToolbarProps {
  readonly conditions: Conditions;
  readonly onConditions: (conditions: Conditions) => void;
  readonly look: Look;
  readonly onLook: (look: Look) => void;
  readonly live: boolean;
  readonly onLive: (live: boolean) => void;
  readonly onJump: (to: string) => void;
  readonly onEnds: (end: "start" | "end") => void;
}

const TYPING_MS = 300;
const ANY = "any";

export function Toolbar(props: ToolbarProps): JSX.Element {
  const { conditions, onConditions, look, onLook, live, onLive } = props;
  const [jump, setJump] = useState("");
  const [match, setMatch] = useTyped(conditions.match ?? "", (text) => { onConditions({ ...conditions, match: text === "" ? undefined : text }); });
  const [partition, setPartition] = useTyped(conditions.partition ?? "", (text) => { onConditions({ ...conditions, partition: text === "" ? undefined : text }); });
  const newest = look.order === "newest";
  return (
    <div class="toolbar messages-toolbar" role="toolbar" aria-label={t("What to show")}>
      <span class="search"><TextField label={t("Search in data, headers and transaction id")} placeholder={t("Search (/)")} value={match} onChange={setMatch} /></span>
      <Select label={t("State")} value={conditions.state ?? ANY} disabled={live} onChange={(value) => { onConditions({ ...conditions, state: stateOf(value) }); }} choices={[{ value: ANY, label: t("any state") }, ...MESSAGE_STATES.map((state) => ({ value: state, label: stateName(state) }))]} />
      <span class="partition"><TextField label={t("Only this partition")} placeholder={t("any partition")} value={partition} onChange={setPartition} /></span>
      <TimeMenu conditions={conditions} onConditions={onConditions} disabled={live} />
      {isFiltered(conditions) && <IconButton icon="clear-all" label={t("Clear filters")} onClick={() => { onConditions({}); }} />}
      <span class="spacer" />
      <span class="jump"><TextField label={t("Go to an id or a time, and press Enter")} placeholder={t("Go to id or time")} value={jump} disabled={live} onChange={setJump} onEnter={() => { if (jump.trim() !== "") props.onJump(jump.trim()); }} /></span>
      <IconButton icon="fold-up" label={newest ? t("To the newest") : t("To the oldest")} disabled={live} onClick={() => { props.onEnds("start"); }} />
      <IconButton icon="fold-down" label={newest ? t("To the oldest") : t("To the newest")} disabled={live} onClick={() => { props.onEnds("end"); }} />
      <IconButton icon={newest ? "arrow-down" : "arrow-up"} label={newest ? t("Newest first; show the oldest first") : t("Oldest first; show the newest first")} onClick={() => { onLook({ ...look, order: newest ? "oldest" : "newest" }); }} />
      <IconButton icon="graph" label={t("Histogram over time")} pressed={look.histogram} onClick={() => { onLook({ ...look, histogram: !look.histogram }); }} />
      <ColumnsMenu columns={look.columns} onColumns={(columns) => { onLook({ ...look, columns }); }} />
      <TransferMenu conditions={conditions} />
      <Button primary={live} icon={live ? "debug-stop" : "broadcast"} onClick={() => { onLive(!live); }}>{live ? t("End live") : t("Live")}</Button>
    </div>
  );
}

function stateOf(value: string): MessageState | undefined {
  return MESSAGE_STATES.find((state) => state === value);
}

/** Told once nobody types any more; what is set elsewhere is taken over. */
function useTyped(value: string, tell: (text: string) => void): readonly [string, (text: string) => void] {
  const [text, setText] = useState(value);
  useEffect(() => { setText(value); }, [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => { tell(text); }, TYPING_MS);
    return () => { clearTimeout(timer); };
  }, [text]);
  return [text, setText];
}
