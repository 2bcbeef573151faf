import type { Headers } from "./message.ts";

const lenient = new TextDecoder();

/** Whether any of the texts holds `match`, in any case. */
export function textMatch(match: string): (...texts: (string | null)[]) => boolean {
  const wanted = match.toLowerCase();
  return (...texts) => texts.some((text) => text !== null && text.toLowerCase().includes(wanted));
}

export function searchable(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

export function searchableHeaders(headers: Headers): string {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n");
}
