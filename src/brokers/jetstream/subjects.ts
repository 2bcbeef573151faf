import { createHash } from "node:crypto";

/**
 * Names of streams and subjects. A queue has a stream of messages and one of state; the definitions of all queues
 * share a third. docs/decisions/0004-jetstream-store.md tells why.
 */
export const META_STREAM = "QUEUESCOPE";

const PLAIN = /^[A-Za-z0-9_-]+$/;
/** A stream's name is a folder of the server's. */
const LONGEST = 180;

/** A name as one token of a subject: letters, digits, `_` and `-` as they are, other bytes as `=XX`; or `=b` and base64url, where shorter. */
export function token(name: string): string {
  if (PLAIN.test(name)) return name;
  let escaped = "";
  for (const byte of Buffer.from(name)) {
    const char = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  const packed = `=b${Buffer.from(name).toString("base64url")}`;
  return packed.length < escaped.length ? packed : escaped;
}

/** The name that `token` was made from. */
export function untoken(text: string): string {
  if (text.startsWith("=b")) return Buffer.from(text.slice(2), "base64url").toString();
  if (!text.includes("=")) return text;
  return Buffer.from(text.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), "latin1").toString();
}

/** A queue's token; long names are cut, and told apart by a hash. */
export function queueToken(name: string): string {
  const whole = token(name);
  if (whole.length <= LONGEST) return whole;
  return `${whole.slice(0, LONGEST - 22)}=h${createHash("sha256").update(name).digest("hex").slice(0, 20)}`;
}

/** Groups of partitions that can be listed apart from the others. */
export const SHELVES = 64;

function shelf(partition: string): string {
  let hash = 2_166_136_261;
  for (let i = 0; i < partition.length; i++) hash = Math.imul(hash ^ partition.charCodeAt(i), 16_777_619);
  return String((hash >>> 0) % SHELVES);
}

export type Where = { readonly partition: string } | { readonly partition: null; readonly priority: number };

/** Streams and subjects of one queue. */
export class Subjects {
  readonly queue: string;
  readonly log: string;
  readonly state: string;
  /** Of messages without a partition, by priority. */
  readonly #unkeyed: string[] = [];

  constructor(queue: string) {
    this.queue = queueToken(queue);
    this.log = `QS_${this.queue}`;
    this.state = `QSS_${this.queue}`;
  }

  get all(): string[] {
    return [`qs.${this.queue}.>`];
  }

  get allState(): string[] {
    return [`qs-s.${this.queue}.>`];
  }

  /** Every message that entered. */
  get messages(): string {
    return `qs.${this.queue}.m.>`;
  }

  /** @param alias the number that people know it by, of a message that had one before it entered */
  message(where: Where, alias?: number): string {
    if (where.partition !== null) return `${this.#partition(where.partition)}.${alias ?? "-"}`;
    if (alias !== undefined) return `qs.${this.queue}.m.${where.priority}.u.${alias}`;
    return (this.#unkeyed[where.priority] ??= `qs.${this.queue}.m.${where.priority}.u.-`);
  }

  #partition(name: string): string {
    return `qs.${this.queue}.m.0.k.${shelf(name)}.${token(name)}`;
  }

  /** Of one priority; 0 has the partitions too. */
  lane(priority: number): string {
    return `qs.${this.queue}.m.${priority}.>`;
  }

  partition(name: string): string {
    return `${this.#partition(name)}.*`;
  }

  /** Whether it is of a message that entered. */
  isMessage(subject: string): boolean {
    return subject.startsWith(`qs.${this.queue}.m.`);
  }

  get allPartitions(): string {
    return `qs.${this.queue}.m.0.k.>`;
  }

  /** Partitions whose names fall on one of the shelves. */
  partitions(n: number): string {
    return `qs.${this.queue}.m.0.k.${n}.>`;
  }

  scheduled(due: number): string {
    return `qs.${this.queue}.t.${Math.floor(due / 1000)}`;
  }

  get allScheduled(): string {
    return `qs.${this.queue}.t.*`;
  }

  /** @param id tells apart the deaths of one message in one group */
  dead(group: string, seq: number, id: string): string {
    return `qs.${this.queue}.x.${token(group)}.${seq}.${id}`;
  }

  /** Those that a message left in a group, or (`*`) in any. */
  deadOf(group: string, seq: number): string {
    return `qs.${this.queue}.x.${group === "*" ? "*" : token(group)}.${seq}.*`;
  }

  /** Dead letters of a group, or of all. */
  allDead(group?: string): string {
    return `qs.${this.queue}.x.${group === undefined ? "*" : token(group)}.>`;
  }

  /** What happened to a message; no trace name's token is `=`. */
  events(message: number | "*"): string {
    return `qs.${this.queue}.e.${message}.=`;
  }

  /** Its events and their marks. */
  timeline(message: number): string {
    return `qs.${this.queue}.e.${message}.*`;
  }

  /** Marks of events that have a trace name. */
  named(name: string, message: number | "*"): string {
    return `qs.${this.queue}.e.${message}.${token(name)}`;
  }

  /** Of events, and of their marks. */
  get allTimelines(): string {
    return `qs.${this.queue}.e.>`;
  }

  group(name: string): string {
    return `qs-s.${this.queue}.g.${token(name)}`;
  }

  get allGroups(): string {
    return `qs-s.${this.queue}.g.*`;
  }

  /** Of subjects of groups. */
  groupNames(subjects: Iterable<string>): string[] {
    return [...subjects].map((subject) => untoken(subject.split(".").at(-1) ?? "")).sort();
  }

  edit(seq: number | "*"): string {
    return `qs-s.${this.queue}.e.${seq}`;
  }

  /** What a scheduled message became. */
  fired(alias: number | "*"): string {
    return `qs-s.${this.queue}.f.${alias}`;
  }

  redriven(dead: number | "*"): string {
    return `qs-s.${this.queue}.r.${dead}`;
  }

  /** Who is about to redrive a dead letter. */
  claimed(dead: number | "*"): string {
    return `qs-s.${this.queue}.c.${dead}`;
  }

  /** What a dead letter was redriven to and isn't any more. */
  undone(dead: number | "*"): string {
    return `qs-s.${this.queue}.u.${dead}`;
  }

  history(group: string, minute: number | "*"): string {
    return `qs-s.${this.queue}.h.${token(group)}.${minute}`;
  }

  /** How long messages waited and ran in a minute. */
  timings(group: string, minute: number | "*"): string {
    return `qs-s.${this.queue}.w.${token(group)}.${minute}`;
  }

  /** Told after each change. */
  get notice(): string {
    return `qs-n.${this.queue}`;
  }
}

export const NOTICES = "qs-n.>";
/** Definitions and workers. */
export const META = "qs-m.>";
export const DEFINITIONS = "qs-m.q.*";

export function definition(queue: string): string {
  return `qs-m.q.${queueToken(queue)}`;
}

export function worker(id: string): string {
  return `qs-m.w.${token(id)}`;
}

export const WORKERS = "qs-m.w.*";

/** Where a message of the log stands, read off its subject. */
export interface Place {
  readonly priority: number;
  readonly partition: string | null;
  readonly alias: number | null;
}

/** Of `qs.Q.m.PRIORITY.u.ALIAS` or `qs.Q.m.0.k.SHELF.PARTITION.ALIAS`; no alias is `-`. */
export function placeOf(subject: string): Place {
  // Without taking it apart: it is asked of each message that is delivered.
  const kind = subject.indexOf(".", 3) + 5;
  const end = subject.lastIndexOf(".");
  const alias = subject.endsWith(".-") ? null : Number(subject.slice(end + 1));
  if (subject.charAt(kind) === "u") return { priority: Number(subject.charAt(kind - 2)), partition: null, alias };
  return { priority: 0, partition: untoken(subject.slice(subject.lastIndexOf(".", end - 1) + 1, end)), alias };
}

/** Whether what enters on this subject has to keep the order in which it enters. */
export function isOfPartition(subject: string): boolean {
  const [, , kind, , lane] = subject.split(".");
  return kind === "m" && lane === "k";
}

/** Of `qs.Q.e.MESSAGE.NAME`; an event's own subject has no name. */
export function markOf(subject: string): { readonly message: number; readonly name: string | null } {
  const [, , , message, name = "="] = subject.split(".");
  return { message: Number(message), name: name === "=" ? null : untoken(name) };
}

/** The group of `qs.Q.x.GROUP.SEQ.INTENT`; `null` for other subjects. */
export function deadGroupOf(subject: string): string | null {
  const [, , kind, group] = subject.split(".");
  return kind === "x" && group !== undefined ? untoken(group) : null;
}
