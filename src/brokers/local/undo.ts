import { REDRIVE_UNDONE, redriveStays, standsInTheWay } from "../../core/index.ts";
import type { UndoneRedrive } from "../../core/index.ts";
import { change } from "./context.ts";
import type { Local, Work } from "./context.ts";
import { deadRow } from "./dead-letters.ts";
import type { DeadRow } from "./dead-letters.ts";
import { recordEvent } from "./events.ts";
import { parseDeadLetterId, parseMessageId, queueOf } from "./ids.ts";
import type { LiveQueue } from "./live.ts";
import { isExpired, messageByKey } from "./lookup.ts";
import { removeMessages } from "./remove.ts";
import type { MessageRow } from "./rows.ts";
import { GroupView } from "./state.ts";

/** Dead letters a transaction. */
const AT_ONCE = 50;
const LATEST = "SELECT id, at, queue FROM redrive WHERE did = ? ORDER BY at DESC, length(id) DESC, id DESC LIMIT 1";

interface Redrival {
  readonly id: string;
  readonly at: number;
  readonly queue: string;
}

/** A look at the groups, the removal and the mark are one transaction: whoever pops has had the message, or never gets it. */
export async function undoRedrive(local: Local, queue: string, ids: readonly string[]): Promise<UndoneRedrive[]> {
  const results: UndoneRedrive[] = [];
  for (let i = 0; i === 0 || i < ids.length; i += AT_ONCE) {
    results.push(...(await change(local, (work) => {
      const source = work.tx.live.queue(queue);
      return ids.slice(i, i + AT_ONCE).map((id) => undoOne(work, source, id));
    })));
  }
  return results;
}

function undoOne(work: Work, source: LiveQueue, id: string): UndoneRedrive {
  const { tx } = work;
  const key = parseDeadLetterId(id);
  const letter = key?.qid === source.qid ? deadRow(tx, key.did) : undefined;
  if (letter?.qid !== source.qid) return redriveStays.notThere(id);
  const redrival = tx.get<Redrival>(LATEST, letter.did);
  if (redrival === undefined) return redriveStays.notRedriven(id);
  const place = parseMessageId(redrival.id);
  const target = place === null ? undefined : tx.live.queueById(queueOf(place));
  const message = place === null || target === undefined ? undefined : messageByKey(tx, place);
  if (target === undefined || message === undefined || isExpired(message, tx.now)) return redriveStays.gone(id, redrival.id);
  for (const group of tx.live.groupsOf(target)) {
    const why = inTheWay(work, target, group.name, message);
    if (why !== null) return redriveStays[why](id, redrival.id, group.name);
  }
  removeMessages(work, target, [message.id], REDRIVE_UNDONE);
  takeMarkBack(work, source, letter, redrival, id);
  return { deadLetterId: id, undone: true, reason: null };
}

function inTheWay({ tx }: Work, { qid }: LiveQueue, group: string, message: MessageRow): ReturnType<typeof standsInTheWay> {
  if (message.only_group !== null && message.only_group !== group) return null;
  const view = new GroupView(tx, qid, group);
  // A group that was moved has a history under another id.
  const passed = view.row !== undefined && view.row.history !== null && message.id <= view.row.start_id;
  return standsInTheWay({ ...view.of(message), passed });
}

function takeMarkBack({ tx, crypt }: Work, source: LiveQueue, letter: DeadRow, { id, at, queue }: Redrival, deadLetterId: string): void {
  tx.run("DELETE FROM redrive WHERE did = ? AND at = ? AND id = ?", letter.did, at, id);
  tx.run("UPDATE dead SET redriven = redriven - 1 WHERE did = ?", letter.did);
  recordEvent(tx, crypt, source, letter.id, "undone", { group: letter.grp, data: { deadLetterId, to: { queue, messageId: id } } });
}
