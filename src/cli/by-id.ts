import { QueuescopeError } from "../core/index.ts";
import type { Message } from "../core/index.ts";
import { messageDetailsJson } from "./json.ts";
import type { Session } from "./session.ts";
import { messageFacts } from "./show.ts";
import { columns } from "./text.ts";

/** What show, edit, remove and cancel share: a row for each id. */

/** Does one id after the other; those that fail are told and don't keep the rest from being done. */
export async function forEach(session: Session, ids: readonly string[], act: (id: string) => Promise<Message>): Promise<void> {
  for (const id of ids) {
    try {
      const message = await act(id);
      session.out.show([messageDetailsJson(message)], () => messageFacts(session.out, message, Date.now()));
    } catch (error) {
      session.fail(error);
    }
  }
}

export function rows(session: Session, results: readonly { id: string; done: boolean }[], verb: string, refusal: string): void {
  const undone = results.filter(({ done }) => !done);
  session.out.show(
    results.map(({ id, done }) => ({ id, [verb]: done })),
    () => columns(results.map(({ id, done }) => [id, done ? verb : session.out.paint("red", `not ${verb}`)]), session.out.width),
  );
  if (undone.length > 0) session.fail(new QueuescopeError("message-not-found", `Not ${verb}: ${undone.map(({ id }) => id).join(", ")}. ${refusal}`));
}
