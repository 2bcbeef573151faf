import type { JSX } from "preact";
import type { MessageState } from "../../src/core/message.ts";
import type { QueueView } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";
import { Button, IconButton } from "../parts/controls.tsx";
import { count, number, time } from "../parts/format.ts";
import type { Sight } from "../parts/data-table.tsx";
import type { ListState, Searched } from "./list.ts";
import type { Conditions } from "./settings.ts";
import { type TailState, MOST } from "./tail.ts";

/** Rows of a list that are drawn but lie outside what is seen, at each end. */
const BEYOND = 10;

export interface FooterProps {
  readonly list: ListState;
  readonly sight: Sight;
  readonly total: number | null;
  readonly onSearch: () => void;
}

/** What is shown, of how many; how far a search is. */
export function ListFooter({ list, sight, total, onSearch }: FooterProps): JSX.Element {
  const { window: { rows, above, up, down }, searching, paused, loading } = list;
  const first = rows[Math.min(sight.first === 0 ? 0 : sight.first + BEYOND, rows.length - 1)];
  const last = rows[Math.max(0, Math.min(rows.length - 1, sight.last >= rows.length - 1 ? rows.length - 1 : sight.last - BEYOND))];
  const whole = total ?? (up === null && down === null ? rows.length : null);
  const shown = first === undefined || last === undefined ? "" : above === null
    ? t("Entered {0} – {1}", time(first.createdAt), time(last.createdAt))
    : `${number(above + rows.indexOf(first) + 1)} – ${number(above + rows.indexOf(last) + 1)}`;
  return (
    <div class="table-footer" role="status">
      {shown !== "" && <span>{whole === null ? shown : above === null ? `${shown}; ${count(whole, "{0} message in all", "{0} messages in all")}` : t("{0} of {1}", shown, number(whole))}</span>}
      {whole === null && down !== null && shown !== "" && <span>{t("{0} found so far", number((above ?? 0) + rows.length))}</span>}
      {loading && <span>{searching === null ? t("Reading…") : t("Searching…")}</span>}
      {searching !== null && <span>{searchedText(searching)}</span>}
      {paused !== null && (
        <>
          <span>{searchedText(paused)}</span>
          <Button onClick={onSearch}>{t("Continue searching")}</Button>
        </>
      )}
    </div>
  );
}

function searchedText({ read, reached }: Searched): string {
  return reached === null ? t("Searched about {0} messages.", number(read)) : t("Searched about {0} messages, to {1}.", number(read), time(reached));
}

export interface TailFooterProps {
  readonly tail: TailState;
  readonly onPause: () => void;
  readonly onResume: () => void;
  readonly onClear: () => void;
}

export function TailFooter({ tail, onPause, onResume, onClear }: TailFooterProps): JSX.Element {
  const { rows, received, dropped, paused, behind } = tail;
  return (
    <div class="table-footer">
      <IconButton icon={paused ? "debug-continue" : "debug-pause"} label={paused ? t("Go on") : t("Pause")} onClick={paused ? onResume : onPause} />
      <IconButton icon="clear-all" label={t("Clear")} onClick={onClear} />
      <span>{paused ? t("Paused; nothing is missed: it goes on where it stopped.") : behind ? t("Live, catching up…") : t("Live")}</span>
      <span>{count(received, "{0} message came", "{0} messages came")}</span>
      {dropped > 0 && <span>{t("{0} older ones aren't shown any more: the latest {1} are kept.", number(dropped), number(Math.min(MOST, rows.length)))}</span>}
    </div>
  );
}

/** How many match, where that is known without reading them: counters know states, not contents. */
export function totalOf(queue: QueueView, group: string, { state, partition, match, from, to }: Conditions): number | null {
  if ([partition, match, from, to].some((condition) => condition !== undefined)) return null;
  if (state === undefined) return queue.messages;
  return countsOf(queue, group)[state];
}

function countsOf({ groups, counts }: QueueView, group: string): Readonly<Record<MessageState, number>> {
  return groups.find(({ name }) => name === group)?.counts ?? counts;
}
