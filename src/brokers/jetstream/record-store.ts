import { randomBytes } from "node:crypto";
import { isQueuescopeError, QueuescopeError } from "../../core/index.ts";
import { type Api, isApiError, WRONG_LAST_SEQUENCE } from "./api.ts";
import type { Publisher } from "./publisher.ts";
import { GroupRecord } from "./record.ts";
import type { Head, Patch } from "./record.ts";

/** Patches behind a snapshot. The stream keeps 64 messages a subject, so that a reader finds all of a chain. */
const LONGEST_CHAIN = 32;
/** A snapshot is stored anew when the patches behind it have this many bytes, and more than itself twice. */
const PATCH_BYTES = 8_192;
/** Commits whose ids a patch carries, for those who didn't hear of theirs. */
const REMEMBERED = 8;
const TRIES = 5;

/** A record as it was loaded, and where it stands in the stream. */
export interface Loaded {
  readonly record: GroupRecord;
  /** Of its last patch; 0: there is none yet. */
  readonly seq: number;
  readonly chain: readonly number[];
  readonly ids: readonly string[];
  /** The owner that stored the last one. */
  readonly by: string | null;
  readonly bytes: number;
  readonly snapshotBytes: number;
}

/** `behind`: it was stored, and somebody else's commit behind it already. */
export type Committed = { readonly state: "stored"; readonly stored: Loaded } | { readonly state: "behind" } | { readonly state: "conflict" };

/** Loads and stores group records: chains of patches on one subject each, in order by compare-and-set. */
export class RecordStore {
  readonly #api: Api;
  readonly #publisher: Publisher;
  readonly #stream: string;

  constructor(api: Api, publisher: Publisher, stream: string) {
    this.#api = api;
    this.#publisher = publisher;
    this.#stream = stream;
  }

  /** `undefined` when the group doesn't exist. @throws corrupt, version-unsupported */
  async load(subject: string): Promise<Loaded | undefined> {
    let broken = 0;
    for (let tries = 0; tries < TRIES; tries++) {
      const last = await this.#api.read(this.#stream, { last_by_subj: subject });
      if (last === undefined) return undefined;
      const tip = readPatch(last.data, subject);
      const before = await Promise.all(tip.chain.map((seq) => this.#api.read(this.#stream, { seq })));
      // Somebody has stored a snapshot meanwhile, and the old chain is gone.
      if (before.some((stored) => stored === undefined)) {
        if (broken === last.seq) throw corrupt(subject, `messages that it is made of are gone. The stream ${this.#stream} keeps too few (its max_msgs_per_subject is to be 64), or somebody removed them`);
        broken = last.seq;
        continue;
      }
      const stored = before.flatMap((one) => (one === undefined ? [] : [one]));
      const [first, ...rest] = [...stored.map(({ data }) => readPatch(data, subject)), tip];
      if (!isHead(first.head)) throw corrupt(subject, "its snapshot has no head");
      const record = new GroupRecord(first.head);
      for (const patch of [first, ...rest]) record.apply(patch);
      const sizes = [...stored, last].map(({ data }) => data.length);
      return { record, seq: last.seq, chain: [...tip.chain, last.seq], by: tip.by ?? null, ids: [...tip.before, tip.id].slice(-REMEMBERED), bytes: sum(sizes.slice(1)), snapshotBytes: sizes[0] ?? 0 };
    }
    throw new QueuescopeError("busy", `The state of this group changes faster than it can be read (${subject}). Try again.`);
  }

  /** Whether this is still the group's last patch. */
  async isCurrent(subject: string, seq: number): Promise<boolean> {
    return ((await this.#api.read(this.#stream, { last_by_subj: subject }))?.seq ?? 0) === seq;
  }

  /** Stores what changed in the record since it was loaded or stored. @throws storage-full, unavailable, … */
  async commit(subject: string, from: Loaded, by: string | null): Promise<Committed> {
    const { record } = from;
    const id = randomBytes(6).toString("base64url");
    const whole = from.seq === 0 || from.chain.length >= LONGEST_CHAIN || (from.bytes > PATCH_BYTES && from.bytes > 2 * from.snapshotBytes);
    const patch: Patch = { v: 1, id, ...(by === null ? {} : { by }), before: from.ids, chain: whole ? [] : from.chain, ...(whole ? record.snapshot() : record.takeChanges()) };
    const data = Buffer.from(JSON.stringify(patch));
    const seq = await this.#store(subject, data, from.seq, id);
    if (typeof seq === "string") return { state: seq };
    return {
      state: "stored",
      stored: {
        record, seq, by, ids: [...from.ids, id].slice(-REMEMBERED), chain: whole ? [seq] : [...from.chain, seq],
        bytes: whole ? 0 : from.bytes + data.length, snapshotBytes: whole ? data.length : from.snapshotBytes,
      },
    };
  }

  /** A lost answer is decided by reading what is stored. */
  async #store(subject: string, data: Uint8Array, last: number, id: string): Promise<number | "behind" | "conflict"> {
    for (let tries = 1; ; tries++) {
      try {
        const { seq } = await this.#publisher.publish({ subject, data, headers: { "Nats-Expected-Last-Subject-Sequence": String(last) } });
        return seq;
      } catch (error) {
        const unsure = isQueuescopeError(error, "unavailable") && !error.ended;
        const conflict = isApiError(error, WRONG_LAST_SEQUENCE);
        if (!unsure && !conflict) throw error;
        if (conflict && tries === 1) return "conflict";
        const found = await this.#find(subject, id, last);
        if (found !== "unchanged") return found;
        if (tries >= TRIES) throw error;
      }
    }
  }

  async #find(subject: string, id: string, last: number): Promise<number | "behind" | "conflict" | "unchanged"> {
    const stored = await this.#api.read(this.#stream, { last_by_subj: subject });
    if ((stored?.seq ?? 0) === last) return "unchanged";
    if (stored === undefined) return "conflict";
    const tip = readPatch(stored.data, subject);
    if (tip.id === id) return stored.seq;
    return tip.before.includes(id) ? "behind" : "conflict";
  }
}

function readPatch(data: Uint8Array, subject: string): Patch {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString());
  } catch (cause) {
    throw corrupt(subject, "it is no JSON", cause);
  }
  if (typeof value !== "object" || value === null || !("v" in value) || !("chain" in value) || !Array.isArray(value.chain)) throw corrupt(subject, "it isn't what Queuescope writes");
  if (value.v !== 1) throw new QueuescopeError("version-unsupported", `The state of this queue was written by a newer Queuescope (${subject}, version ${String(value.v)}). Update this one.`);
  const { set, del } = value as { readonly set?: unknown; readonly del?: unknown };
  if (!holdsLists(set) || !holdsLists(del)) throw corrupt(subject, "it isn't what Queuescope writes");
  return value as unknown as Patch;
}

function holdsLists(byKind: unknown): boolean {
  return byKind === undefined || (typeof byKind === "object" && byKind !== null && Object.values(byKind).every(Array.isArray));
}

/** As far as everything else builds on it. */
function isHead(head: unknown): head is Head {
  if (typeof head !== "object" || head === null || !("at" in head) || !("totals" in head)) return false;
  return Array.isArray(head.at) && head.at.every((seq) => Number.isSafeInteger(seq)) && typeof head.totals === "object" && head.totals !== null;
}

function corrupt(subject: string, why: string, cause?: unknown): QueuescopeError {
  return new QueuescopeError("corrupt", `The stored state on ${subject} can't be read: ${why}. Somebody else wrote there, or it was damaged. Its messages are untouched: delete the group and seek it to where it should go on.`, { cause });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
