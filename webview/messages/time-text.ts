const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A time as people write it: `14:30` (local time, today), `2026-01-31 14:30` (local), `2026-01-31T14:30Z`, `15m` or
 * `15m ago`. `null` for what is none.
 */
export function timeOf(text: string, now: number): number | null {
  const given = text.trim();
  const ago = /^(\d+(?:\.\d+)?)\s*([smhd])(?:\s+ago)?$/i.exec(given);
  if (ago !== null) return now - Number(ago[1]) * (UNITS[(ago[2] ?? "").toLowerCase()] ?? 0);
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?$/.exec(given);
  if (clock !== null) {
    const at = new Date(now);
    at.setHours(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), Number((clock[4] ?? "0").padEnd(3, "0")));
    return Number(clock[1]) < 24 && Number(clock[2]) < 60 ? at.getTime() : null;
  }
  const parsed = /^\d{4}-\d{2}-\d{2}/.test(given) ? Date.parse(given.length > 10 ? given.replace(" ", "T") : `${given}T00:00`) : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
}
