import { randomBytes } from "node:crypto";
import type { Msg, Subscription } from "@nats-io/transport-node";
import { ERROR_CODES, isQueuescopeError, QueuescopeError } from "../../core/index.ts";
import type { ErrorCode, SettleResult, Settlement, Wanted } from "../../core/index.ts";
import type { Stored } from "./api.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { performHere } from "./group-call.ts";
import type { GroupAnswer, GroupCall } from "./group-call.ts";
import { LogMessage } from "./message.ts";
import { overlaid } from "./overlay.ts";
import { parseReceipt, receiptText } from "./receipts.ts";
import type { GroupSession } from "./session.ts";
import { token } from "./subjects.ts";
import type { Taken } from "./taking.ts";

/** Milliseconds that an owner may take; then whoever asked does it without it. */
const PATIENCE = 2_000;
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
  /** An owner has answered, and nothing was heard since that it is gone. */
  known: boolean;
}

type WireResult = { readonly index: number } & (
  | { readonly ok: Extract<SettleResult, { ok: true }> }
  | { readonly receipt: string; readonly code: ErrorCode; readonly message: string }
);

interface WireCall {
  /** By the asker's clock: the owner drops what nobody waits for any more. */
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

type WireAnswer =
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
    const greeted = standing.known ? "there" : await this.#greet(queue, session);
    const answer = greeted === "there" ? await this.#ask(queue, session, { ...call, once }) : greeted;
    standing.known = typeof answer !== "string";
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

  drop(session: GroupSession): void {
    this.#standings.get(session)?.subscription?.unsubscribe();
    this.#standings.delete(session);
  }

  close(): void {
    for (const session of [...this.#standings.keys()]) this.drop(session);
  }

  #standing(session: GroupSession): Standing {
    const known = this.#standings.get(session);
    if (known !== undefined) return known;
    const made = { subscription: undefined, pops: 0, restsUntil: 0, known: false };
    this.#standings.set(session, made);
    return made;
  }

  #own(queue: Definition, session: GroupSession, standing: Standing): void {
    const { nc } = this.#engine.api.link;
    if (nc.isClosed() || nc.isDraining()) return;
    standing.subscription ??= nc.subscribe(subjectOf(queue, session), {
      queue: "owner",
      callback: (error, message) => { if (error === null) this.#serve(queue, session, message).catch(this.#engine.onError); },
    });
  }

  /** Whether there is an owner that answers. */
  async #greet(queue: Definition, session: GroupSession): Promise<"there" | "nobody" | "silent"> {
    const { nc } = this.#engine.api.link;
    try {
      await nc.request(subjectOf(queue, session), GREET, { timeout: GREETING });
      return "there";
    } catch (cause) {
      return nc.isClosed() || /responders/i.test(String(cause)) ? "nobody" : "silent";
    }
  }

  /** `unknown`: it was asked, and may have done it or still do. */
  async #ask(queue: Definition, session: GroupSession, call: GroupCall): Promise<GroupAnswer | null | "nobody" | "unknown" | "keyless"> {
    const { link } = this.#engine.api;
    const wire: WireCall = {
      until: Date.now() + PATIENCE, want: call.want, once: call.once,
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
      message.respond();
      return;
    }
    const call = JSON.parse(text) as WireCall;
    if (call.until < Date.now()) return;
    const answer = JSON.stringify(await this.#answer(queue, session, call));
    if (!this.#engine.api.link.nc.isClosed()) message.respond(answer);
  }

  async #answer(queue: Definition, session: GroupSession, { settle, renew, want, once }: WireCall): Promise<WireAnswer> {
    try {
      const known = (await this.#engine.catalog.byId(queue.id)) ?? queue;
      const answer = await performHere(this.#engine, known, session, {
        want, once,
        asked: settle.map(({ index, settlement }) => ({ index, settlement, receipt: parseReceipt(settlement.receipt) })),
        renewals: renew.map(({ text, ms }) => ({ receipt: parseReceipt(text), ms })),
      });
      if (answer === null) return { none: true };
      return {
        renewed: answer.renewed, next: answer.next,
        settled: answer.settled.map(({ index, result }) => (result.ok ? { index, ok: result } : { index, receipt: result.receipt, code: result.error.code, message: result.error.message })),
        taken: onWire(answer.taken),
      };
    } catch (error) {
      const code = isQueuescopeError(error) && ERROR_CODES.includes(error.code) ? error.code : "unavailable";
      return { error: { code, message: error instanceof Error ? error.message : String(error) } };
    }
  }
}

/** Messages go along as long as there is room for them in one answer. */
function onWire(taken: readonly Taken[]): WireTaken[] {
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
