import type { Engine } from "./engine.ts";
import { LogMessage } from "./message.ts";
import type { Subjects } from "./subjects.ts";

/** The message as it was last edited. */
export async function overlaid(engine: Engine, subjects: Subjects, message: LogMessage): Promise<LogMessage> {
  const edit = await engine.api.read(subjects.state, { last_by_subj: subjects.edit(message.seq) });
  return edit === undefined ? message : message.edited(LogMessage.ofStored(edit));
}
