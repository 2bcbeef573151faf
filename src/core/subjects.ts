import { invalidInput } from "./errors.ts";

/** As NATS has them: a header given several times is a list. */
export type SubjectHeaders = Readonly<Record<string, string | readonly string[]>>;

/** The server reads a subject, a reply, a group and lengths from one line of 4 KB. */
const MAX_SUBJECT_BYTES = 1024;
// eslint-disable-next-line no-control-regex -- refusing control characters is the point
const UNUSABLE = /[\s\u0000-\u001f\u007f]/;

/** A subject to publish on: tokens between dots. @throws invalid-input */
export function subjectName(value: unknown, field = "subject"): string {
  const subject = checkedSubject(value, field);
  const wild = subject.split(".").find((token) => token === "*" || token === ">");
  if (wild !== undefined) throw invalidInput(field, `${field} must name one subject, but ${JSON.stringify(subject)} has the wildcard ${wild}, which is for listening only.`);
  return subject;
}

/** A subject to listen to: `*` stands for one token, a last `>` for one or more. @throws invalid-input */
export function subjectFilter(value: unknown, field = "subject"): string {
  const filter = checkedSubject(value, field);
  if (filter.split(".").slice(0, -1).includes(">")) throw invalidInput(field, `${field} may have > as its last token only, but is ${JSON.stringify(filter)}. Use * for a token in between.`);
  return filter;
}

function checkedSubject(value: unknown, field: string): string {
  if (typeof value !== "string") throw invalidInput(field, `${field} must be text, but is ${value === null ? "null" : typeof value}.`);
  if (value === "") throw invalidInput(field, `${field} must not be empty.`);
  if (UNUSABLE.test(value)) throw invalidInput(field, `${field} must not contain blanks or control characters: ${JSON.stringify(value)}.`);
  if (!value.isWellFormed()) throw invalidInput(field, `${field} must be valid Unicode: it holds half of a surrogate pair.`);
  if (value.split(".").includes("")) throw invalidInput(field, `${field} has an empty token: ${JSON.stringify(value)}. Tokens stand between single dots, as in orders.eu.created.`);
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_SUBJECT_BYTES) throw invalidInput(field, `${field} must be at most ${MAX_SUBJECT_BYTES} bytes long, but has ${bytes}.`);
  return value;
}

/** A queue group's name is one word. @throws invalid-input */
export function subjectGroup(value: unknown, field = "group"): string {
  return subjectName(value, field);
}

export function subjectMatches(filter: string, subject: string): boolean {
  const wanted = filter.split(".");
  const tokens = subject.split(".");
  for (const [i, want] of wanted.entries()) {
    if (want === ">") return tokens.length > i;
    if (i >= tokens.length || (want !== "*" && want !== tokens[i])) return false;
  }
  return wanted.length === tokens.length;
}

/** Whether some subject matches both. */
export function subjectsOverlap(one: string, other: string): boolean {
  const [a, b] = [one.split("."), other.split(".")];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] === undefined || b[i] === undefined) return false;
    if (a[i] === ">" || b[i] === ">") return true;
    if (a[i] !== b[i] && a[i] !== "*" && b[i] !== "*") return false;
  }
  return true;
}

/** Whether every subject that `narrow` matches is matched by `wide` too. */
export function subjectCovers(wide: string, narrow: string): boolean {
  const [a, b] = [wide.split("."), narrow.split(".")];
  for (const [i, token] of a.entries()) {
    if (token === ">") return b.length > i;
    const other = b[i];
    if (other === undefined || other === ">" || (token !== "*" && token !== other)) return false;
  }
  return a.length === b.length;
}

const PLACE = /^\$(\d+)$/;

/**
 * A destination that may take from what it comes from: `$1` is the token of the first `*`, a last `>` what the
 * source's `>` stood for. @throws invalid-input when `from` has no such wildcard
 */
export function checkDestination(from: string, to: unknown, field = "to"): string {
  const checked = subjectFilter(to, field);
  const [sources, tokens] = [from.split("."), checked.split(".")];
  const stars = sources.filter((token) => token === "*").length;
  for (const token of tokens) {
    const place = PLACE.exec(token)?.[1];
    if (place !== undefined && (Number(place) < 1 || Number(place) > stars)) throw invalidInput(field, `${field} asks for ${token}, but ${JSON.stringify(from)} has ${stars === 0 ? "no *" : `${stars} *`}. $1 stands for the first *.`);
    if (token === "*") throw invalidInput(field, `${field} must say what * becomes: write $1 for the token of the first * of the source.`);
  }
  if (tokens.at(-1) === ">" && sources.at(-1) !== ">") throw invalidInput(field, `${field} ends with >, but ${JSON.stringify(from)} doesn't. Name the subject, or listen to ${from}.>.`);
  return checked;
}

/** Every subject that the destination can become, as something to match. */
export function destinationFilter(to: string): string {
  return to.split(".").map((token) => (PLACE.test(token) ? "*" : token)).join(".");
}

/** Where a message on `subject`, which `from` matches, goes to. */
export function destinationOf(from: string, to: string, subject: string): string {
  const sources = from.split(".");
  const tokens = subject.split(".");
  const stars = sources.flatMap((source, i) => (source === "*" ? [tokens[i] ?? ""] : []));
  const rest = tokens.slice(sources.length - 1);
  return to.split(".").flatMap((token) => {
    const place = PLACE.exec(token)?.[1];
    if (place !== undefined) return [stars[Number(place) - 1] ?? ""];
    return token === ">" ? rest : [token];
  }).join(".");
}

/** Printable ASCII but for the colon. */
const HEADER_NAME = /^[!-9;-~]+$/;

/** @throws invalid-input naming the header */
export function checkSubjectHeaders(headers: SubjectHeaders, field = "headers"): SubjectHeaders {
  if (typeof headers !== "object" || (headers as unknown) === null || Array.isArray(headers)) throw invalidInput(field, `${field} must be an object of texts or lists of texts.`);
  for (const [name, given] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name)) throw invalidInput(field, `${JSON.stringify(name)} can't be the name of a header: NATS takes visible ASCII characters without a colon.`);
    for (const value of typeof given === "string" ? [given] : Array.isArray(given) ? (given as readonly unknown[]) : [given as unknown]) {
      if (typeof value !== "string") throw invalidInput(`${field}.${name}`, `${field}.${name} must be text or a list of texts, but is ${value === null ? "null" : typeof value}.`);
      if (/[\r\n]/.test(value) || !value.isWellFormed()) throw invalidInput(`${field}.${name}`, `${field}.${name} must be one line of valid Unicode: ${JSON.stringify(value)}.`);
    }
  }
  return headers;
}
