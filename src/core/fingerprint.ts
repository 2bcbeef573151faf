/** Longer lines tell nothing more about the kind of an error. */
const LONGEST = 1_000;

/** What makes two occurrences of one error differ, in the order in which it is taken out: what may hold others stands before them. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>)\]}]+/gi, "<address>"],
  [/"(?:[^"\\]|\\.)*"|`[^`]*`|(?<![\p{L}\d])'(?:[^'\\]|\\.)*'(?![\p{L}\d])|[“«‘][^”»’]*[”»’]/gu, "<text>"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<uuid>"],
  [/\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, "<address>"],
  [/\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?(?:Z|UTC)\b|[+-]\d{2}:?\d{2})?)?/g, "<time>"],
  [/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b/g, "<time>"],
  [/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d{1,2} )?[A-Z][a-z]{2} [\d ]+<time>(?: \w+(?:[+-]\d{4})?)?/g, "<time>"],
  [/(?<![\p{L}\d])[A-Z]:\\[^\s:;,"'<>|)\]}]+(?::\d+(?::\d+)?)?/gu, "<path>"],
  [/(?<![\p{L}\d_.:])(?:~|\.{1,2})?(?:\/[^\s/:;,"'<>()[\]{}]+){2,}\/?(?::\d+(?::\d+)?)?/gu, "<path>"],
  [/(?<![\p{L}\d_.:])(?:~|\.{1,2})\/[^\s:;,"'<>()[\]{}]+(?::\d+(?::\d+)?)?/gu, "<path>"],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, "<address>"],
  [/\[[0-9a-f]*:[0-9a-f:.]*\](?::\d+)?|(?<![\p{L}\d:])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4})+(?:%\w+)?|(?<![\p{L}\d:])::1\b(?::\d+)?/giu, "<address>"],
  [/\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?:\d{2,5}\b/gi, "<address>"],
  [/\b0x[0-9a-f]+\b/gi, "<id>"],
  // An id in hexadecimal has digits and is long; a long word of its letters alone is a word.
  [/\b(?=[a-f]*\d)[0-9a-f]{8,}\b(?<=[a-f][0-9a-f]*)/gi, "<id>"],
  [/(?<!\w)(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z\d]{16,}(?!\w)/g, "<id>"],
  [/(?<![\p{L}\d_])[-+]?\d+(?:[.,_]\d+)*(?:e[-+]?\d+)?(?:ms|[smhd]|min|[kmg]?b|[kmg]ib)?(?![\p{L}\d])/giu, "<number>"],
];

/**
 * What errors of one kind have in common: the first line of an error, without what differs from one
 * occurrence to the next. `Order 17 of customer-4 timed out after 30s` and the same of another order
 * have the fingerprint `Order <number> of customer-<number> timed out after <number>`. An error without
 * text has the fingerprint "".
 */
export function errorFingerprint(error: string | null): string {
  let line = firstLine(error);
  for (const [pattern, word] of VARYING) line = line.replace(pattern, word);
  return line.replaceAll(/\s+/g, " ").trim();
}

/** The first line with text in it. */
export function firstLine(error: string | null): string {
  const text = error?.trimStart() ?? "";
  const end = text.search(/[\r\n]/);
  return text.slice(0, Math.min(end === -1 ? text.length : end, LONGEST)).trimEnd();
}
