import type { NatsHandle } from "../connection/index.ts";

/** Answers, requests, acks and Queuescope's own streams: passing one of these on makes more of them. */
const BUSY = ["_INBOX.", "_R_.", "$JS.API.", "$JS.ACK.", "$JS.FC.", "$JS.EVENT.ADVISORY.API", "qs.", "qs-s.", "qs-m.", "qs-n."];

/** What clients and servers say among themselves on a connection. */
export class Talk {
  readonly #busy: readonly string[];

  constructor(handle: NatsHandle) {
    const inbox = handle.inbox();
    this.#busy = [...BUSY, `${handle.prefix}.`, inbox.slice(0, inbox.lastIndexOf(".") + 1)];
  }

  /** Not meant for people; JetStream's events too. */
  includes(subject: string): boolean {
    return subject.startsWith("$JS.") || this.feeds(subject);
  }

  /** Whether hearing it and storing or publishing something for it would make more of it, without end. */
  feeds(subject: string): boolean {
    return this.#busy.some((prefix) => subject.startsWith(prefix));
  }

  /** Whether a filter asks for some of it by name: `_INBOX.>` does, `>` doesn't. */
  isNamedBy(filter: string): boolean {
    const first = `${filter.split(".", 1).join("")}.`;
    return this.includes(first) || this.#busy.some((prefix) => prefix.startsWith(first));
  }
}
