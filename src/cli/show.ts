import type { Delivery, Headers, Message, MessageBase, MessageState, StateCounts } from "../core/index.ts";
import type { Output, Style } from "./output.ts";
import { columns, payloadLine, printable, spanText, timeText } from "./text.ts";

const STATE_STYLES: Readonly<Record<MessageState, Style>> = { ready: "green", scheduled: "cyan", leased: "cyan", retrying: "yellow", completed: "dim", dead: "red" };

function stateText(out: Output, state: MessageState): string {
  return out.paint(STATE_STYLES[state], state);
}

/** A table with a heading; columns that are empty in every row are left out. */
export function table(out: Output, heading: readonly string[], rows: readonly (readonly string[])[], right: readonly string[] = []): string[] {
  const kept = heading.flatMap((_, i) => (rows.some((row) => (row[i] ?? "") !== "") ? [i] : []));
  const pick = (row: readonly string[]): string[] => kept.map((i) => row[i] ?? "");
  const numeric = kept.flatMap((i, at) => (right.includes(heading[i] ?? "") ? [at] : []));
  return columns([pick(heading).map((title) => out.paint("dim", title)), ...rows.map(pick)], out.width, numeric);
}

/** A title and facts below it, aligned and never cut; facts without a value are left out. */
export function facts(out: Output, title: string, pairs: readonly (readonly [string, string | null])[]): string[] {
  const rows = pairs.flatMap(([name, value]) => (value === null || value === "" ? [] : [[`  ${out.paint("dim", name)}`, value]]));
  return [title, ...columns(rows, Number.POSITIVE_INFINITY)];
}

export function messageTable(out: Output, messages: readonly Message[], now: number): string[] {
  return table(out, ["ID", "STATE", "PARTITION", "PRIO", "AGE", "DATA"], messages.map((message) => [
    message.id,
    stateText(out, message.state),
    printable(message.partition ?? ""),
    message.priority === 0 ? "" : String(message.priority),
    spanText(now - message.createdAt),
    payloadLine(message.payload),
  ]), ["PRIO", "AGE"]);
}

export function headersText(headers: Headers): string {
  return Object.entries(headers).map(([name, value]) => `${printable(name)}=${printable(value)}`).join("  ");
}

function baseFacts(message: MessageBase, now: number): [string, string | null][] {
  return [
    ["data", payloadLine(message.payload)],
    ["headers", headersText(message.headers)],
    ["partition", message.partition === null ? null : printable(message.partition)],
    ["priority", message.priority === 0 ? null : String(message.priority)],
    ["transaction id", message.transactionId === message.id ? null : printable(message.transactionId)],
    ["created", timeText(message.createdAt, now)],
    ["expires", message.expiresAt === null ? null : timeText(message.expiresAt, now)],
    ["edited", message.editedAt === null ? null : timeText(message.editedAt, now)],
    ["redriven from", message.redrivenFrom === null ? null : `${message.redrivenFrom.deadLetterId} of ${printable(message.redrivenFrom.queue)} (was ${message.redrivenFrom.messageId})`],
  ];
}

const UNTIL_NAMES: Readonly<Record<MessageState, string>> = { ready: "until", scheduled: "due", leased: "lease ends", retrying: "retried", completed: "until", dead: "until" };

export function messageFacts(out: Output, message: Message, now: number): string[] {
  return facts(out, `${out.paint("bold", message.id)}  ${printable(message.queue)}  ${stateText(out, message.state)}`, [
    [UNTIL_NAMES[message.state], message.until === null ? null : timeText(message.until, now)],
    ["worker", message.worker === null ? null : printable(message.worker)],
    ["failures", message.charges === 0 ? null : `${message.charges} in group ${printable(message.group)}`],
    ["deliveries", message.deliveryCount === 0 ? null : String(message.deliveryCount)],
    ["last error", message.lastError === null ? null : printable(message.lastError)],
    ...baseFacts(message, now),
  ]);
}

export function deliveryFacts(out: Output, delivery: Delivery, now: number): string[] {
  return facts(out, `${out.paint("bold", delivery.id)}  ${printable(delivery.queue)}  attempt ${delivery.attempt}`, [
    ["receipt", delivery.receipt],
    ["lease ends", delivery.leaseExpiresAt === null ? null : timeText(delivery.leaseExpiresAt, now)],
    ...baseFacts(delivery, now),
  ]);
}

/** `3 ready, 1 leased`; `empty` when there is nothing. */
export function countsText(counts: StateCounts): string {
  const parts = Object.entries(counts).flatMap(([state, n]) => (n > 0 && state !== "completed" ? [`${n} ${state}`] : []));
  return parts.length > 0 ? parts.join(", ") : "empty";
}
