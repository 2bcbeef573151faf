import { invalidInput } from "./errors.ts";

/** A number in the unit the field states, or text with its own unit: `500ms`, `30s`, `5m`, `2h`, `1d`. */
export type Duration = number | string;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

/** Longer than any lease or delay makes sense, and still exact in milliseconds: 100 years. */
const MAX_MS = 100 * 366 * UNIT_MS.d;

/**
 * Milliseconds of a duration. A bare number, or text of digits only, has the unit `bare`.
 * @throws invalid-input for a negative, non-finite or unreadable value, naming `field`.
 */
export function durationMs(value: Duration, field: string, bare: Unit): number {
  const ms = typeof value === "number" ? value * UNIT_MS[bare] : parse(value, field, bare);
  if (!Number.isFinite(ms) || ms < 0 || ms > MAX_MS) {
    throw invalidInput(field, `${field} must be between 0 and 100 years, but is ${String(value)}. Write for example 30s, 5m or 2h.`);
  }
  return Math.round(ms);
}

function parse(text: string, field: string, bare: Unit): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$/.exec(text);
  const digits = match?.[1];
  if (digits === undefined) {
    throw invalidInput(field, `${field} is not a duration: ${JSON.stringify(text)}. Write a number with a unit: 500ms, 30s, 5m, 2h or 1d.`);
  }
  return Number(digits) * UNIT_MS[(match?.[2] as Unit | undefined) ?? bare];
}

/** The shortest exact form, for people: 300000 -> `5m`, 1500 -> `1500ms`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`;
  }
  return `${ms}ms`;
}
