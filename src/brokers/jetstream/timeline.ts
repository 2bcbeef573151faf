import type { Crypt } from "../../core/index.ts";
import { keep } from "./ending.ts";
import type { Definition } from "./definition.ts";
import type { TimelineEvent } from "./effects.ts";
import type { Publication } from "./publisher.ts";
import type { Subjects } from "./subjects.ts";

/** An event as it is stored, on the subject of its message's sequence. */
export interface StoredEvent {
  readonly at: number;
  readonly type: string;
  readonly group?: string;
  readonly worker?: string;
  readonly attempt?: number;
  readonly names?: readonly string[];
  /** JSON text; after `!` encrypted, else after `=`. */
  readonly data?: string;
}

export function eventPublication(subjects: Subjects, queue: Definition, crypt: Crypt, event: TimelineEvent, at: number): Publication {
  const stored: StoredEvent = {
    at, type: event.type,
    ...(event.group === undefined ? {} : { group: event.group }),
    ...(event.worker === undefined ? {} : { worker: event.worker }),
    ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
    ...(event.data === undefined ? {} : { data: keep({ queue, crypt }, JSON.stringify(event.data), event.own) }),
  };
  return { subject: subjects.events(event.seq), data: JSON.stringify(stored) };
}
