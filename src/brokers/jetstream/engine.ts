import type { Crypt } from "../../core/index.ts";
import type { Api } from "./api.ts";
import type { Catalog } from "./catalog.ts";
import type { Definition } from "./definition.ts";
import type { Effects } from "./effects.ts";
import { followUp } from "./follow-up.ts";
import { Housekeeping } from "./housekeeping/index.ts";
import { History } from "./history.ts";
import { EVERY_QUEUE } from "./notices.ts";
import type { Notices } from "./notices.ts";
import { Ownership } from "./ownership.ts";
import type { Acknowledged, Publisher } from "./publisher.ts";
import { HEADROOM } from "./push.ts";
import { GroupSession } from "./session.ts";
import type { Streams } from "./streams.ts";
import { Subjects } from "./subjects.ts";
import { Timetable } from "./timetable.ts";

export type EngineParts = Pick<Engine, "api" | "publisher" | "catalog" | "streams" | "notices" | "crypt" | "readOnly" | "now" | "stamps" | "onError">;

/** What the facets of one connection share. */
export class Engine {
  readonly api: Api;
  readonly publisher: Publisher;
  readonly catalog: Catalog;
  readonly streams: Streams;
  readonly notices: Notices;
  readonly crypt: Crypt;
  readonly readOnly: boolean;
  readonly now: () => number;
  /** The clock is a test's: what enters is stamped with it. */
  readonly stamps: boolean;
  /** Told what went wrong in the background, where there is no caller to tell. */
  readonly onError: (error: unknown) => void;
  readonly ownership = new Ownership(this);
  readonly history: History;
  readonly housekeeping: Housekeeping;
  readonly #sessions = new Map<string, GroupSession>();
  readonly #timetables = new Map<string, Timetable>();

  constructor(parts: EngineParts) {
    this.api = parts.api;
    this.publisher = parts.publisher;
    this.catalog = parts.catalog;
    this.streams = parts.streams;
    this.notices = parts.notices;
    this.crypt = parts.crypt;
    this.readOnly = parts.readOnly;
    this.now = parts.now;
    this.stamps = parts.stamps;
    // What was under way in the background when the connection was closed has not failed.
    this.onError = (error) => { if (!parts.api.link.nc.isClosed()) parts.onError(error); };
    this.history = new History(this);
    this.housekeeping = new Housekeeping(this);
    this.catalog.onGone = (id) => { this.#drop(id); };
    this.notices.listen(({ queue, due }) => {
      for (const session of this.#sessions.values()) if (queue === EVERY_QUEUE || session.subjects.queue === queue) session.wake();
      if (due !== undefined) for (const timetable of this.#timetables.values()) if (timetable.queue === queue) timetable.add(due);
    });
  }

  /** A group's session; a queue that was made anew under the same name has others. */
  session(queue: Definition, group: string): GroupSession {
    const key = `${queue.id} ${group}`;
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const made = new GroupSession(this, queue.name, group);
    this.#sessions.set(key, made);
    return made;
  }

  timetable(queue: Definition): Timetable {
    const known = this.#timetables.get(queue.id);
    if (known !== undefined) return known;
    const made = new Timetable(this, queue.name);
    this.#timetables.set(queue.id, made);
    return made;
  }

  /** Forgets what it knows of a queue that is gone. */
  #drop(queue: string): void {
    this.#timetables.delete(queue);
    this.history.drop(queue);
    this.housekeeping.drop(queue);
    for (const [key, session] of this.#sessions) {
      if (!key.startsWith(`${queue} `)) continue;
      this.#sessions.delete(key);
      this.ownership.drop(session);
      session.close();
    }
  }

  /** Of groups that exist, by their names. */
  async groupNames(queue: Definition): Promise<string[]> {
    const subjects = new Subjects(queue.name);
    const found = await this.api.subjects(subjects.state, subjects.allGroups);
    return subjects.groupNames(found.keys());
  }

  /** Bytes that a group's record may have: one message must hold it whole, with the patches of a call or two. */
  get recordBytes(): number {
    return Math.floor(0.8 * (this.api.link.nc.info?.max_payload ?? 1_048_576));
  }

  /** Bytes of payload and headers that a push may have. */
  get maxPayload(): number {
    return (this.api.link.nc.info?.max_payload ?? 1_048_576) - HEADROOM;
  }

  /** Tells everybody that something changed. */
  changed(subjects: Subjects, due?: number): void {
    this.notices.tell(subjects, due);
  }

  follow(session: GroupSession, effects: Effects): Promise<ReadonlyMap<string, Acknowledged>> {
    return followUp(this, session, effects);
  }

  /** After the connection was lost. */
  restored(): void {
    this.catalog.forgetAll();
    // What was deleted meanwhile.
    if (this.#sessions.size > 0) this.catalog.all().catch(this.onError);
    for (const session of this.#sessions.values()) {
      session.restartReaders();
      session.wake();
    }
  }

  /** Behind what it keeps under way: `ownership`, `history` and `housekeeping` end first. */
  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
    this.notices.close();
    this.catalog.close();
    this.publisher.close();
  }
}
