import { invalidInput } from "./errors.ts";

/** Milliseconds since the epoch, UTC. */
export type Instant = number;

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?))?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * Reads a Date, milliseconds, or ISO 8601 text. Text without a zone is UTC (contract, point 16).
 * @throws invalid-input naming `field`.
 */
export function instant(value: Date | number | string, field: string): Instant {
  const ms = value instanceof Date ? value.getTime() : typeof value === "number" ? value : typeof value === "string" ? parseIso(value) : Number.NaN;
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) {
    throw invalidInput(field, `${field} is not a time: ${JSON.stringify(value)}. Write it as ISO 8601, for example 2026-01-31T12:00:00Z (without a zone it is UTC).`);
  }
  return Math.trunc(ms);
}

function parseIso(text: string): number {
  const match = ISO.exec(text.trim());
  if (match === null) return Number.NaN;
  const [, date, clock = "00:00:00", zone = "Z"] = match;
  return Date.parse(`${date}T${clock}${zone.toUpperCase()}`);
}

export function isoTime(at: Instant): string {
  return new Date(at).toISOString();
}
