import { t } from "../l10n.ts";

const UNITS = ["bytes", "KB", "MB", "GB", "TB"] as const;

export function bytes(size: number): string {
  const power = size < 1024 ? 0 : Math.min(Math.floor(Math.log2(size) / 10), UNITS.length - 1);
  const scaled = size / 1024 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[power] ?? ""}`;
}

const whole = new Intl.NumberFormat();

export function number(value: number): string {
  return whole.format(value);
}

/** How many of something: `count(3, "message", "messages")`. Both forms are texts to translate. */
export function count(value: number, one: string, many: string): string {
  return value === 1 ? t(one, number(value)) : t(many, number(value));
}

/** Milliseconds as people say them: `850 ms`, `4.2 s`, `3 min`, `2 h`, `5 d`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${tenths(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${tenths(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

/** One decimal below ten, unless it is nought. */
function tenths(value: number): string {
  return value < 10 ? String(Math.floor(value * 10) / 10) : String(Math.floor(value));
}

const sameDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false });
const otherDay = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** Local time; the date only where it isn't today. */
export function time(at: number): string {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString() ? sameDay.format(date) : otherDay.format(date);
}

const minuteOfDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const minuteOfOtherDay = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });

/** The same for what is counted by the minute. */
export function minute(at: number): string {
  const date = new Date(at);
  return (date.toDateString() === new Date().toDateString() ? minuteOfDay : minuteOfOtherDay).format(date);
}

/** UTC, for tooltips. */
export function utc(at: number): string {
  return new Date(at).toISOString();
}
