import type { NatsHandle } from "../connection/index.ts";

/** What clients and servers say among themselves: answers, JetStream's requests and acks, and Queuescope's own streams. */
const TALK = ["_INBOX.", "_R_.", "$JS.API.", "$JS.ACK.", "$JS.FC.", "$JS.EVENT.ADVISORY.API", "qs.", "qs-s.", "qs-m.", "qs-n."];

export function isInternal(subject: string, inboxPrefix: string): boolean {
  return subject.startsWith(`${inboxPrefix}.`) || TALK.some((prefix) => subject.startsWith(prefix));
}

/** Whether a filter asks for it by name: `_INBOX.>` does, `>` doesn't. */
export function namesInternal(filter: string, inboxPrefix: string): boolean {
  const first = `${filter.split(".", 1).join("")}.`;
  return `${inboxPrefix}.`.startsWith(first) || TALK.some((prefix) => prefix.startsWith(first));
}

/** `_INBOX`, or what the connection uses instead. */
export function inboxPrefixOf(handle: NatsHandle): string {
  const inbox = handle.inbox();
  return inbox.slice(0, inbox.lastIndexOf("."));
}
