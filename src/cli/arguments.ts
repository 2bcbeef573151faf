import { InvalidArgumentError } from "@commander-js/extra-typings";
import { durationMs, instant, isQueuescopeError } from "../core/index.ts";
import type { GroupStart, Headers, Instant } from "../core/index.ts";

/** Readers of option values. What can't be read makes the command line unreadable: exit code 2. */

function read<T>(reader: () => T): T {
  try {
    return reader();
  } catch (error) {
    if (isQueuescopeError(error)) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** Milliseconds; a bare number is seconds. */
export function duration(text: string): number {
  return read(() => durationMs(text, "The value", "s"));
}

export function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

export function time(text: string): Instant {
  return read(() => instant(text, "The value"));
}

/** `all`, `new`, or a time. */
export function groupStart(text: string): GroupStart {
  if (text === "all" || text === "new") return text;
  return read(() => instant(text, "It is neither all nor new, and"));
}

/** Collects repeated options. */
export function each(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** Collects `name=value`. */
export function header(text: string, before: Headers | undefined): Headers {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be name=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
