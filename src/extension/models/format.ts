import { type Instant, type Payload, payloadText } from "../../core/index.ts";

/**
 * Texts for rows that hold no words, so that nothing in them needs a translation. Times stand still: a row whose text
 * changes by itself is drawn anew, and a click on it is lost.
 */

/** 4:32, 1:04:32; 0:00 when it is over. */
export function countdown(until: Instant, now: Instant): string {
  const left = Math.max(0, Math.ceil((until - now) / 1000));
  const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

const MINUTE = 60_000;

/** Above this, minutes don't fit into the two characters of a badge. */
const BADGE_FROM = 10 * MINUTE;
/** From here on, seconds do. */
const BADGE_SECONDS = 100_000;

/** What is left of a time in two characters, 4m or 58; `undefined` when it is over or far off. */
export function countdownBadge(left: number): string | undefined {
  if (left <= 0 || left >= BADGE_FROM) return undefined;
  return left < BADGE_SECONDS ? String(Math.floor(left / 1000)) : `${Math.floor(left / MINUTE)}m`;
}

/** How long a badge stays as it is; `undefined` when it is gone, or comes after longer than a timer can wait. */
export function untilNextBadge(left: number): number | undefined {
  if (left <= 0 || left > 2 ** 31 - 1) return undefined;
  if (left >= BADGE_FROM) return left - BADGE_FROM + 1;
  if (left < BADGE_SECONDS) return (left % 1000) + 1;
  return Math.min(left % MINUTE, left - BADGE_SECONDS) + 1;
}

/** A local time as short as it can be: without the day when that is today's. */
export function shortTime(at: Instant, now: Instant): string {
  const time = { hour: "2-digit", minute: "2-digit" } as const;
  const [day, today] = [new Date(at), new Date(now)];
  return day.toDateString() === today.toDateString() ? day.toLocaleTimeString([], time) : day.toLocaleString([], { month: "short", day: "numeric", ...time });
}

/** What a row says beside its name: the parts that have something to say. */
export function described(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}

/** Brokers count dead letters up to here. */
export const DEAD_COUNTED = 10_000;

/** How many dead letters: the most that are counted stand for themselves and everything above. */
export function deadCount(count: number): string {
  return `${count.toLocaleString()}${count >= DEAD_COUNTED ? "+" : ""}`;
}

const PREVIEW_BYTES = 400;

/** The start of the data on one line. */
export function preview(payload: Payload, length: number): string {
  if (payload.encoding === "bytes") return `${Buffer.from(payload.bytes.subarray(0, 16)).toString("hex")}${payload.bytes.length > 16 ? "…" : ""} (${bytesText(payload.bytes.length)})`;
  const start = { encoding: payload.encoding, bytes: payload.bytes.subarray(0, PREVIEW_BYTES) };
  const text = payload.bytes.length > PREVIEW_BYTES ? Buffer.from(start.bytes).toString("utf8") : payloadText(start);
  return shorten(text, length);
}

export function shorten(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

export function firstLine(text: string, length: number): string {
  return shorten(text.trimStart().split("\n", 1)[0] ?? "", length);
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Local time, with UTC beside it. */
export function bothTimes(at: Instant): string {
  const utc = new Date(at).toISOString();
  return `${new Date(at).toLocaleString()} (${utc.slice(0, 10)} ${utc.slice(11, 19)} UTC)`;
}
