import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import { isoTime, payloadText } from "../core/index.ts";
import type { Payload } from "../core/index.ts";

// eslint-disable-next-line no-control-regex -- these are what must not reach a terminal
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** On one line and unable to steer a terminal: control and direction characters stand as escapes. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Several lines, each one printable. */
export function printableLines(text: string): string[] {
  return text.replace(/\n$/, "").split(/\r?\n/).map((line) => printable(line.replaceAll("\t", "  ")));
}

/** Data on one line. */
export function payloadLine(payload: Payload): string {
  if (payload.encoding === "bytes") return `${Buffer.from(payload.bytes).toString("base64")} (${bytesText(payload.bytes.byteLength)})`;
  const text = payloadText(payload);
  return printable(payload.encoding === "json" ? text.replace(/\s*[\r\n]+\s*/g, " ").trim() : text);
}

export function bytesText(bytes: number): string {
  const units = ["KB", "MB", "GB", "TB"];
  if (bytes < 1024) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? ""}`;
}

/** `1 message`, `2 messages`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const STEPS: readonly (readonly [string, number])[] = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1_000]];

/** The two largest units, for people: `5s`, `2m 10s`, `3d 4h`. */
export function spanText(ms: number): string {
  const parts: string[] = [];
  let rest = Math.max(0, Math.round(ms / 1000)) * 1000;
  for (const [unit, size] of STEPS) {
    const n = Math.floor(rest / size);
    if (n > 0) parts.push(`${n}${unit}`);
    else if (parts.length > 0) break;
    rest -= n * size;
  }
  return parts.slice(0, 2).join(" ") || "0s";
}

export function relativeText(at: number, now: number): string {
  const distance = at - now;
  if (Math.abs(distance) < 1000) return "now";
  return distance > 0 ? `in ${spanText(distance)}` : `${spanText(-distance)} ago`;
}

/** `12:00:00.000` of UTC, for lines that follow each other. */
export function clockText(at: number): string {
  return isoTime(at).slice(11, 23);
}

/** `2026-01-31 12:00:00Z (5m ago)` */
export function timeText(at: number, now: number): string {
  return `${isoTime(at).slice(0, 19).replace("T", " ")}Z (${relativeText(at, now)})`;
}

/** As much of a line as fits into `width` columns, with … where it was cut. */
export function cut(text: string, width: number): string {
  if (!Number.isFinite(width) || stringWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(stripVTControlCharacters(text))) {
    used += stringWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Rows in aligned columns; the last column is cut to what the terminal shows. Numbers (columns named in `right`) stand at the right. */
export function columns(rows: readonly (readonly string[])[], width: number, right: readonly number[] = []): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) => Math.max(0, ...rows.map((row) => stringWidth(row[i] ?? ""))));
  return rows.map((row) => {
    let line = "";
    row.forEach((cell, i) => {
      const gap = i === 0 ? "" : "  ";
      const padding = " ".repeat(Math.max(0, (widths[i] ?? 0) - stringWidth(cell)));
      if (right.includes(i)) line += gap + padding + cell;
      else if (i === row.length - 1) line += gap + cut(cell, Math.max(10, width - stringWidth(line) - 2));
      else line += gap + cell + padding;
    });
    return line.trimEnd();
  });
}
