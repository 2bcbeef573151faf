import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Msg, Subscription } from "@nats-io/transport-node";
import { ERROR_CODES, isQueuescopeError, QueuescopeError } from "../../core/index.ts";
import type { ErrorCode, SettleResult, Settlement, Wanted } from "../../core/index.ts";
import type { Stored } from "./api.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { NOTHING_ASKED, performHere } from "./group-call.ts";
import type { GroupAnswer, GroupCall } from "./group-call.ts";
import { LogMessage } from "./message.ts";
import { overlaid } from "./overlay.ts";
import { parseReceipt, receiptText } from "./receipts.ts";
import type { GroupSession } from "./session.ts";
import { token } from "./subjects.ts";
import type { Taken } from "./selection.ts";

/** Milliseconds that an owner may take; then whoever asked does it without it. */
const PATIENCE = 2_000;
/** Of these, for the answer on its way: who asked can't be sure to hear what is said later. */
const WAY_BACK = 250;
/**
 * Milliseconds in which an owner says that it is there. Who only listens, to `>` for instance, keeps the server from
 * saying that nobody is, and one that stands still doesn't answer either.
 */
const GREETING = 250;
/** An owner that didn't answer isn't asked again for so long. */
const REST = 5_000;
/** Of data in one answer; with base64 and headers it stays below the least that servers are set to. */
const ANSWER_BYTES = 256 * 1024;
/** Who pops so often is no passer-by: it becomes the owner, when there is none. */
const REGULAR = 3;

/** Asks who is there, and for nothing else. */
const GREET = "";

interface Standing {
  subscription: Subscription | undefined;
  pops: number;
  restsUntil: number;
  /** Who answered last, and how far its clock is ahead of ours; `undefined` once it didn't. */
  owner: { readonly id: string; readonly ahead: number } | undefined;
}

/** What an owner says of itself with each answer. */
interface Told {
  readonly owner: string;
  /** `performance.now()` there: two machines' clocks can't be compared, and this one is never set. */
  readonly now: number;
}

type WireResult = { readonly index: number } & (
  | { readonly ok: Extract<SettleResult, { ok: true }> }
  | { readonly receipt: string; readonly code: ErrorCode; readonly message: string }
);

interface WireCall {
  /** The owner that is asked, and by its clock how long: it drops what nobody waits for any more. */
  readonly owner: string;
  readonly until: number;
  readonly settle: readonly { readonly index: number; readonly settlement: Settlement }[];
  readonly renew: readonly { readonly text: string; readonly ms: number }[];
  readonly want: Wanted<number> | null;
  readonly once: string | null;
}

/** Data in base64. */
type WireMessage = Omit<Stored, "data"> & { readonly data: string };

interface WireTaken {
  readonly seq: number;
  readonly c: number;
  readonly d: number;
  /** The message as it was last edited; `null` where the answer has no room: then it is to be read. */
  readonly message: WireMessage | null;
  readonly lease: { readonly token: string; readonly since: number; readonly ends: number } | null;
}

type WireAnswer = Told & WireSaid;

type WireSaid =
  | { readonly error: { readonly code: ErrorCode; readonly message: string } }
  | { readonly none: true }
  | { readonly settled: readonly WireResult[]; readonly renewed: readonly (number | null)[]; readonly taken: readonly WireTaken[]; readonly next: number | null };

/**
 * Of the processes that work on a group, one owns it: it has the record in memory, and commits for all of them
 * together; the others ask it. That is for speed only: who gets no answer commits by itself, and compare-and-set keeps
 * two that both think they own it from harming each other.
 */
export class Ownership {
  /** Stored with the commits of what this process owns. */
  readonly id = randomBytes(9).toString("base64url");
  readonly #engine: Engine;
  readonly #standings = new Map<GroupSession, Standing>();
  readonly #serving = new Set<Promise<void>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  owns(session: GroupSession): boolean {
    return this.#standings.get(session)?.subscription !== undefined;
  }

  /** @param stays whether this process will be here for a while */
  async perform(queue: Definition, session: GroupSession, call: GroupCall, stays = false): Promise<GroupAnswer | null> {
    const standing = this.#standing(session);
    if (call.want !== null) standing.pops += 1;
    if (standing.subscription !== undefined || performance.now() < standing.restsUntil) return performHere(this.#engine, queue, session, call);
    const once = call.asked.length > 0 ? randomBytes(9).toString("base64url") : null;
    const greeted = standing.owner === undefined ? await this.#greet(queue, session, standing) : "there";
    const answer = greeted === "there" ? await this.#ask(queue, session, standing, { ...call, once }) : greeted;
    if (typeof answer === "string") standing.owner = undefined;
    if (typeof answer !== "string") return answer;
    if (answer === "silent" || answer === "unknown") standing.restsUntil = performance.now() + REST;
    if (answer !== "unknown" && call.want !== null && (stays || standing.pops >= REGULAR)) this.#own(queue, session, standing);
    return performHere(this.#engine, queue, session, { ...call, once: answer === "unknown" ? once : null });
  }

  /** Somebody else's commit came first. Of two owners the one with the lower id stays. */
  met(session: GroupSession, by: string | null): void {
    if (by === null || by >= this.id || !this.owns(session)) return;
    this.drop(session);
  }

  /** What was asked of us already is still answered. */
  drop(session: GroupSession): void {
    const subscription = this.#standings.get(session)?.subscription;
    this.#standings.delete(session);
    if (subscription !== undefined) this.#leave(subscription).catch(this.#engine.onError);
  }

  /** Until everybody who asked us has an answer, as long as they wait for it. */
  async close(): Promise<void> {
    const leaving = [...this.#standings.values()].flatMap(({ subscription }) => (subscription === undefined ? [] : [this.#leave(subscription)]));
    if (this.#engine.api.link.status.state !== "lost") {
      const answered = Promise.allSettled(leaving).then(() => Promise.allSettled(this.#serving));
      await Promise.race([answered, sleep(PATIENCE, undefined, { ref: false })]);
    }
    this.#standings.clear();
  }

  async #leave(subscription: Subscription): Promise<void> {
    const { nc, status } = this.#engine.api.link;
    if (nc.isClosed() || nc.isDraining() || status.state === "lost") subscription.unsubscribe();
    else await subscription.drain();
  }

  #standing(session: GroupSession): Standing {
    const known = this.#standings.get(session);
    if (known !== undefined) return known;
    const made = { subscription: undefined, pops: 0, restsUntil: 0, owner: undefined };
    this.#standings.set(session, made);
    return made;
  }

  #own(queue: Definition, session: GroupSession, standing: Standing): void {
    const { nc } = this.#engine.api.link;
    if (nc.isClosed() || nc.isDraining()) return;
    standing.subscription ??= nc.subscribe(subjectOf(queue, session), {
      queue: "owner",
      callback: (error, message) => {
        if (error !== null) return;
        const serving: Promise<void> = this.#serve(queue, session, message).catch(this.#engine.onError).finally(() => { this.#serving.delete(serving); });
        this.#serving.add(serving);
      },
    });
  }

  /** Whether there is an owner that answers. */
  async #greet(queue: Definition, session: GroupSession, standing: Standing): Promise<"there" | "nobody" | "silent"> {
    const { nc } = this.#engine.api.link;
    try {
      const reply = await nc.request(subjectOf(queue, session), GREET, { timeout: GREETING });
      standing.owner = heard(reply.json<Told>());
      return "there";
    } catch (cause) {
      return nc.isClosed() || /responders/i.test(String(cause)) ? "nobody" : "silent";
    }
  }

  /** `unknown`: it was asked, and may have done it or still do. */
  async #ask(queue: Definition, session: GroupSession, standing: Standing, call: GroupCall): Promise<GroupAnswer | null | "nobody" | "unknown" | "keyless"> {
    const { link } = this.#engine.api;
    const wire: WireCall = {
      owner: standing.owner?.id ?? "", until: performance.now() + (standing.owner?.ahead ?? 0) + PATIENCE - WAY_BACK, want: call.want, once: call.once,
      settle: call.asked.map(({ index, settlement }) => ({ index, settlement })),
      renew: call.renewals.map(({ receipt, ms }) => ({ text: receiptText(receipt), ms })),
    };
    let reply: Msg;
    try {
      reply = await link.nc.request(subjectOf(queue, session), JSON.stringify(wire), { timeout: PATIENCE });
    } catch (cause) {
      return link.nc.isClosed() || /responders/i.test(String(cause)) ? "nobody" : "unknown";
    }
    const answer = JSON.parse(reply.string()) as WireAnswer;
    standing.owner = heard(answer);
    // The owner can't read these messages; we may.
    if ("error" in answer && answer.error.code === "encryption-key-missing") return "keyless";
    return this.#read(session, answer);
  }

  async #read(session: GroupSession, answer: WireAnswer): Promise<GroupAnswer | null> {
    if ("none" in answer) return null;
    if ("error" in answer) throw new QueuescopeError(answer.error.code, answer.error.message);
    const settled = answer.settled.map((one) => ({
      index: one.index,
      result: "ok" in one ? one.ok : { ok: false as const, receipt: one.receipt, error: new QueuescopeError(one.code, one.message) },
    }));
    const taken = await Promise.all(answer.taken.map((one) => this.#taken(session, one)));
    return { settled, renewed: answer.renewed, taken: taken.flatMap((one) => one ?? []), next: answer.next };
  }

  /** `undefined` when the message was removed since. */
  async #taken(session: GroupSession, { seq, c, d, lease, message: given }: WireTaken): Promise<Taken | undefined> {
    const message = given === null ? await this.#readMessage(session, seq) : LogMessage.ofStored({ ...given, data: Buffer.from(given.data, "base64") });
    return message === undefined ? undefined : { message, c, d, lease: lease === null ? null : { ...lease, open: [] } };
  }

  async #readMessage(session: GroupSession, seq: number): Promise<LogMessage | undefined> {
    const found = await session.log.message(seq);
    return found === undefined ? undefined : overlaid(this.#engine, session.subjects, found);
  }

  async #serve(queue: Definition, session: GroupSession, message: Msg): Promise<void> {
    const text = message.string();
    if (text === GREET) {
      message.respond(JSON.stringify(this.#told));
      return;
    }
    const call = JSON.parse(text) as WireCall;
    // Meant for an owner before us: then it came at once, since nobody else could have kept it waiting.
    const until = call.owner === this.id ? call.until : performance.now() + PATIENCE - WAY_BACK;
    if (performance.now() > until) return;
    const known = (await this.#engine.catalog.byId(queue.id)) ?? queue;
    const answer = await this.#perform(known, session, call).catch(errorOnWire);
    // Nobody hears it any more, and would get its messages before the lease runs out.
    if (answer !== null && "taken" in answer && answer.taken.length > 0 && performance.now() > until) await this.#giveBack(known, session, answer.taken);
    else if (!this.#engine.api.link.nc.isClosed()) message.respond(JSON.stringify({ ...this.#told, ...onWire(answer) } satisfies WireAnswer));
  }

  get #told(): Told {
    return { owner: this.id, now: performance.now() };
  }

  #perform(queue: Definition, session: GroupSession, { settle, renew, want, once }: WireCall): Promise<GroupAnswer | null> {
    return performHere(this.#engine, queue, session, {
      want, once,
      asked: settle.map(({ index, settlement }) => ({ index, settlement, receipt: parseReceipt(settlement.receipt) })),
      renewals: renew.map(({ text, ms }) => ({ receipt: parseReceipt(text), ms })),
    });
  }

  /** What was to be delivered at most once is lost. */
  async #giveBack(queue: Definition, session: GroupSession, taken: readonly Taken[]): Promise<void> {
    const asked = taken.flatMap(({ message: { seq, place: { partition, alias } }, lease }, index) => {
      if (lease === null) return [];
      const receipt = { queue: queue.id, group: session.group, partition, token: lease.token, seq, alias };
      return [{ index, receipt, settlement: { action: "release" as const, receipt: receiptText(receipt) } }];
    });
    await performHere(this.#engine, queue, session, { ...NOTHING_ASKED, asked });
  }
}

function heard({ owner, now }: Told): Standing["owner"] {
  return { id: owner, ahead: now - performance.now() };
}

function errorOnWire(error: unknown): Extract<WireSaid, { error: unknown }> {
  const code = isQueuescopeError(error) && ERROR_CODES.includes(error.code) ? error.code : "unavailable";
  return { error: { code, message: error instanceof Error ? error.message : String(error) } };
}

function onWire(answer: GroupAnswer | Extract<WireSaid, { error: unknown }> | null): WireSaid {
  if (answer === null) return { none: true };
  if ("error" in answer) return answer;
  return {
    renewed: answer.renewed, next: answer.next,
    settled: answer.settled.map(({ index, result }) => (result.ok ? { index, ok: result } : { index, receipt: result.receipt, code: result.error.code, message: result.error.message })),
    taken: takenOnWire(answer.taken),
  };
}

/** Messages go along as long as there is room for them in one answer. */
function takenOnWire(taken: readonly Taken[]): WireTaken[] {
  let room = ANSWER_BYTES;
  return taken.map(({ message, c, d, lease }) => {
    room -= message.data.length;
    const { data, ...rest } = message.asStored;
    const wire = room < 0 ? null : { ...rest, data: Buffer.from(data).toString("base64") };
    return { seq: message.seq, c, d, message: wire, lease: lease === null ? null : { token: lease.token, since: lease.since, ends: lease.ends } };
  });
}

function subjectOf(queue: Definition, session: GroupSession): string {
  return `qs-o.${queue.id}.${token(session.group)}`;
}
