import type { Instant, Message, MessageState, TraceEvent } from "../core/index.ts";

/**
 * What a message did for a while, for one group. `unrecorded`: it waited and ran, but the queue's trace level left out where
 * one ended and the other began.
 */
export type StepKind = "scheduled" | "waiting" | "leased" | "retrying" | "unrecorded" | "dead" | "completed";

export interface Step {
  readonly kind: StepKind;
  readonly group: string;
  readonly from: Instant;
  /** `null`: it goes on, or its end isn't recorded. */
  readonly to: Instant | null;
  readonly worker: string | null;
  readonly attempt: number | null;
  /** The type of the event that ended it; `null`: none did. */
  readonly end: string | null;
  readonly error: string | null;
  /** When the lease ends, or it is retried or due: while it goes on. */
  readonly until: Instant | null;
}

export interface Link {
  readonly queue: string;
  readonly messageId: string;
  readonly deadLetterId: string;
}

export interface GroupLife {
  readonly group: string;
  /** As it stands now; `null`: the message isn't stored any more. */
  readonly state: MessageState | null;
  readonly steps: readonly Step[];
}

/** A message's life as its events tell it. */
export interface Life {
  readonly id: string;
  readonly queue: string;
  readonly from: Instant;
  /** The end of its last step or event; `null`: it goes on. */
  readonly to: Instant | null;
  readonly groups: readonly GroupLife[];
  readonly events: readonly TraceEvent[];
  readonly redrivenFrom: Link | null;
  readonly redrivenTo: readonly (Link & { readonly at: Instant })[];
  /** Of the W3C header `traceparent`, where it has one. */
  readonly traceId: string | null;
}

const BUILT_IN: ReadonlySet<string> = new Set(["pushed", "leased", "acked", "nacked", "released", "expired", "dead", "redriven", "edited", "dropped", "removed"]);

/** What a handler recorded, and what was done to the message, are moments; everything else begins or ends a step. */
export function isMark({ type }: TraceEvent): boolean {
  return !BUILT_IN.has(type) || type === "edited";
}

/** @param standing how the message stands now in the groups to show; none when it isn't stored any more */
export function lifeOf(events: readonly TraceEvent[], standing: readonly Message[]): Life | null {
  const [first] = events;
  const [message] = standing;
  if (first === undefined) return null;
  const from = events.find(({ type }) => type === "pushed")?.at ?? message?.createdAt ?? first.at;
  const told = events.filter(({ type, group }) => group !== null && BUILT_IN.has(type) && type !== "redriven").flatMap(({ group }) => group ?? []);
  const names = [...new Set([...told, ...standing.map(({ group }) => group)])];
  const all = names.map((group) => groupLife(group, from, events, standing.find((one) => one.group === group)));
  // A group that was never to have it stands at completed, and nothing is told of it.
  const groups = all.filter(({ group, state, steps }) => told.includes(group) || state !== "completed" || steps.length > 1 || all.length === 1);
  const links = events.flatMap(linkOf);
  return {
    id: first.messageId,
    queue: first.queue,
    from,
    to: endOf(groups, events),
    groups,
    events,
    redrivenFrom: message?.redrivenFrom ?? fieldsLink(recorded(first)["redrivenFrom"]) ?? links.find(({ way }) => way === "from")?.link ?? null,
    redrivenTo: links.flatMap(({ way, link, at }) => (way === "to" ? [{ ...link, at }] : [])),
    traceId: traceIdOf(message?.headers["traceparent"]),
  };
}

function groupLife(group: string, from: Instant, events: readonly TraceEvent[], now: Message | undefined): GroupLife {
  const teller = new Teller(group, from);
  for (const event of events) if (event.group === group || event.group === null) teller.take(event);
  return { group, state: now?.state ?? null, steps: teller.finish(now) };
}

type Open = Omit<Step, "to" | "end" | "error"> & { readonly error?: string | null };

/** Goes through a group's events, oldest first; one step is open at a time. */
class Teller {
  readonly #group: string;
  readonly #steps: Step[] = [];
  #open: Open | null;

  constructor(group: string, from: Instant) {
    this.#group = group;
    this.#open = this.#step("waiting", from);
  }

  take(event: TraceEvent): void {
    const { type, at, group } = event;
    if (group === null) {
      // What happens to the message itself, whatever the groups do.
      if (type === "removed" || type === "dropped" || type === "expired") this.#close(at, type, reasonOf(event));
      return;
    }
    switch (type) {
      case "leased":
        this.#close(at, type, null);
        this.#open = this.#step("leased", at, event);
        break;
      case "acked":
        this.#settle(event);
        this.#open = this.#step("completed", at);
        break;
      case "released":
        this.#settle(event);
        this.#open = this.#step("waiting", at);
        break;
      case "nacked":
      case "expired":
        this.#settle(event);
        this.#open = this.#retry(at, event);
        break;
      case "dead":
        this.#settle(event);
        this.#open = { ...this.#step("dead", at, event), error: errorOf(event) };
        break;
      case "dropped":
        this.#settle(event);
        this.#open = null;
        break;
      case "redriven":
        // It goes on as another message; its dead letter stays.
        if (this.#open?.kind === "dead") this.#close(at, type, null);
        break;
    }
  }

  /** @param now how it stands, which tells what isn't recorded */
  finish(now: Message | undefined): readonly Step[] {
    const open = this.#open;
    if (open === null) return this.#steps;
    if (now === undefined) {
      // It is gone, and nothing tells since when.
      if (open.kind === "waiting" || open.kind === "leased") this.#push({ ...open, kind: open.kind === "waiting" ? "unrecorded" : open.kind }, null, null);
      else if (open.kind === "dead") this.#push(open, null, null);
      return this.#steps;
    }
    this.#stand(open, now);
    return this.#steps;
  }

  #stand(open: Open, { state, until, worker, createdAt }: Message): void {
    const kinds = { ready: "waiting", scheduled: "scheduled", leased: "leased", retrying: "retrying", completed: "completed", dead: "dead" } as const;
    const kind = kinds[state];
    if (kind === "completed" && open.kind === "completed") return;
    if (kind === open.kind) {
      this.#push({ ...open, until, worker: worker ?? open.worker }, null, null);
      return;
    }
    const due = open.kind === "retrying" ? open.until : null;
    if (due !== null) this.#push(open, due, "due");
    const from = due ?? open.from;
    if (kind === "scheduled") this.#push({ ...this.#step("scheduled", createdAt), until }, null, null);
    else if (kind === "waiting") this.#push(this.#step("waiting", from), null, null);
    // Its trace level left out how it came to that.
    else this.#push({ ...this.#step("unrecorded", from), until, worker }, null, { leased: "leased", retrying: "nacked", completed: "acked", dead: "dead" }[kind]);
  }

  /** Ends what its handler did. Without the start of that only the end is known. */
  #settle(event: TraceEvent): void {
    const open = this.#open;
    if (open === null) return;
    const error = errorOf(event);
    if (open.kind === "leased") this.#push({ ...open, worker: event.worker ?? open.worker, attempt: open.attempt ?? event.attempt }, event.at, event.type, error);
    // Its last failure, which wasn't retried.
    else if (open.kind === "retrying" && open.until === null && event.type === "dead") return;
    else if (open.kind === "retrying" && open.until !== null && open.until < event.at) {
      this.#close(open.until, "due", null);
      this.#push({ ...this.#step("unrecorded", open.until, event) }, event.at, event.type, error);
    } else if (open.kind !== "completed" && event.at > open.from) this.#push({ ...open, kind: "unrecorded", worker: event.worker, attempt: event.attempt, until: null }, event.at, event.type, error);
  }

  /** Waits for its time, and then for its turn. */
  #close(at: Instant, end: string, error: string | null): void {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    if (open.kind === "retrying" && open.until !== null && open.until < at) {
      this.#push(open, open.until, "due");
      this.#push(this.#step("waiting", open.until), at, end, error);
    } else this.#push(open, at, end, error);
  }

  #retry(at: Instant, event: TraceEvent): Open {
    const due = recorded(event)["retryAt"];
    // Without a delay it waits for its turn at once.
    if (typeof due === "number" && due <= at) return this.#step("waiting", at);
    return { ...this.#step("retrying", at), until: typeof due === "number" ? due : null };
  }

  #step(kind: StepKind, from: Instant, event?: TraceEvent): Open {
    return { kind, group: this.#group, from, worker: event?.worker ?? null, attempt: event?.attempt ?? null, until: null };
  }

  #push({ error: known = null, ...open }: Open, to: Instant | null, end: string | null, error: string | null = null): void {
    this.#steps.push({ ...open, to, end, error: error ?? known, until: to === null ? open.until : null });
  }
}

/** `null` while something of it goes on; a completed step is no more than an end. */
function endOf(groups: readonly GroupLife[], events: readonly TraceEvent[]): Instant | null {
  const steps = groups.flatMap((group) => group.steps);
  if (steps.some(({ kind, to, end }) => to === null && end === null && kind !== "completed" && kind !== "dead")) return null;
  return Math.max(...events.map(({ at }) => at), ...steps.map(({ from, to }) => to ?? from));
}

/** What takes part in a comparison of durations: a message that is completed or dead waits for nobody's work. */
export function isWork({ kind }: Step): boolean {
  return kind === "waiting" || kind === "leased" || kind === "retrying" || kind === "unrecorded";
}

/** Handlers record anything; of what isn't an object nothing is known. */
export function recorded({ data }: TraceEvent): Readonly<Record<string, unknown>> {
  return fieldsOf(data === null ? null : (JSON.parse(data) as unknown));
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}

export function errorOf(event: TraceEvent): string | null {
  const { error } = recorded(event);
  return typeof error === "string" ? error : null;
}

function reasonOf(event: TraceEvent): string | null {
  const { reason } = recorded(event);
  return typeof reason === "string" ? reason : null;
}

function linkOf(event: TraceEvent): readonly { readonly way: "from" | "to"; readonly link: Link; readonly at: Instant }[] {
  if (event.type !== "redriven") return [];
  const { from, to, deadLetterId } = recorded(event);
  return (["from", "to"] as const).flatMap((way) => {
    const link = fieldsLink({ ...fieldsOf(way === "from" ? from : to), deadLetterId });
    return link === null ? [] : [{ way, link, at: event.at }];
  });
}

function fieldsLink(value: unknown): Link | null {
  const { queue, messageId, deadLetterId } = fieldsOf(value);
  return typeof queue === "string" && typeof messageId === "string" && typeof deadLetterId === "string" ? { queue, messageId, deadLetterId } : null;
}

/** See https://www.w3.org/TR/trace-context/#traceparent-header */
function traceIdOf(traceparent: string | undefined): string | null {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent ?? "")?.[1] ?? null;
}
