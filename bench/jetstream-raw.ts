/** The yardsticks: what the bare client does on the same server, in the quickest ways that are known. */
import { jetstream } from "@nats-io/jetstream";
import { createInbox, headers, type Msg, type NatsConnection } from "@nats-io/transport-node";
import type { Side } from "./harness.ts";
import { BODY } from "./ours.ts";

const STREAM = "RAW";
const CONSUMER = "raw";
/** Under way at once, as with our ten calls of 100. */
const WINDOW = 1_000;
const PULL = 1_000;
const WAIT = 30_000_000_000;

/** The headers that our pushes have, so that both sides carry the same bytes. */
const HEADERS: Readonly<Record<string, string>> = { "Qs-Encoding": "json" };

async function api(nc: NatsConnection, subject: string, body: unknown): Promise<void> {
  const answer = (await nc.request(`$JS.API.${subject}`, JSON.stringify(body))).json<{ error?: { description: string } }>();
  if (answer.error !== undefined) throw new Error(`${subject}: ${answer.error.description}`);
}

export async function rawStream(nc: NatsConnection): Promise<void> {
  await api(nc, `STREAM.CREATE.${STREAM}`, { name: STREAM, subjects: ["raw.>"], storage: "file", retention: "limits", discard: "new" });
}

function messageHeaders(): ReturnType<typeof headers> {
  const made = headers();
  for (const [name, value] of Object.entries(HEADERS)) made.append(name, value);
  return made;
}

/** Confirmations on one wildcard inbox, counted: no promise and no subscription a message. */
class Confirmations {
  readonly #nc: NatsConnection;
  readonly #inbox = createInbox();
  #sent = 0;
  #answered = 0;
  #change: (() => void) | undefined;
  #failure: Error | undefined;

  /** @param onAnswer told the number of each message that was confirmed */
  constructor(nc: NatsConnection, onAnswer?: (number: number) => void) {
    this.#nc = nc;
    nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null || message.string().includes('"error"')) this.#failure = error ?? new Error(message.string());
        this.#answered += 1;
        onAnswer?.(Number(message.subject.slice(this.#inbox.length + 1)));
        this.#change?.();
      },
    });
  }

  /** Answers the message's number. */
  send(subject: string, data: Uint8Array | string, withHeaders: boolean): number {
    this.#sent += 1;
    this.#nc.publish(subject, data, { reply: `${this.#inbox}.${this.#sent}`, ...(withHeaders ? { headers: messageHeaders() } : {}) });
    return this.#sent;
  }

  get underWay(): number {
    return this.#sent - this.#answered;
  }

  /** Until at most so many are under way. */
  atMost(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#change = () => {
        if (this.#failure === undefined && this.underWay > count) return;
        this.#change = undefined;
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      };
      this.#change();
    });
  }
}

/** Publishes with one wildcard inbox and a counter. */
export function rawPublish(nc: NatsConnection, count: number, subject: () => string = () => "raw.m"): Side {
  const confirmations = new Confirmations(nc);
  return {
    async run() {
      for (let sent = 0; sent < count; sent++) {
        confirmations.send(subject(), BODY, true);
        if (confirmations.underWay >= WINDOW) await confirmations.atMost(WINDOW - 100);
      }
      await confirmations.atMost(0);
      return count;
    },
  };
}

/** `js.publish`, 500 under way. */
export function windowedPublish(nc: NatsConnection, count: number): Side {
  const js = jetstream(nc);
  return {
    async run() {
      let left = count;
      const one = async (): Promise<void> => {
        while (left-- > 0) await js.publish("raw.m", BODY, { headers: messageHeaders() });
      };
      await Promise.all(Array.from({ length: 500 }, one));
      return count;
    },
  };
}

async function makeConsumer(nc: NatsConnection): Promise<void> {
  await api(nc, `CONSUMER.CREATE.${STREAM}.${CONSUMER}`, {
    stream_name: STREAM,
    config: { durable_name: CONSUMER, name: CONSUMER, ack_policy: "explicit", deliver_policy: "all", replay_policy: "instant", max_ack_pending: 100_000 },
  });
}

/** Pulls `count` messages, 1,000 a request, and gives each to `take`. */
class Pull {
  readonly #nc: NatsConnection;
  readonly #inbox = createInbox();
  #wanted = 0;
  #left = 0;

  constructor(nc: NatsConnection, take: (message: Msg) => void) {
    this.#nc = nc;
    nc.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error !== null || message.reply === undefined || message.reply === "") return;
        this.#wanted -= 1;
        this.#ask();
        take(message);
      },
    });
  }

  start(count: number): void {
    this.#left = count;
    this.#ask();
  }

  /** The next request goes out before the last one is used up. */
  #ask(): void {
    while (this.#left > 0 && this.#wanted <= PULL / 2) {
      const batch = Math.min(PULL, this.#left);
      this.#nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${STREAM}.${CONSUMER}`, JSON.stringify({ batch, expires: WAIT }), { reply: this.#inbox });
      this.#wanted += batch;
      this.#left -= batch;
    }
  }
}

/** Runs until so many messages are confirmed. */
class Countdown {
  #left = 0;
  #done: (() => void) | undefined;

  start(count: number): Promise<void> {
    this.#left = count;
    return new Promise((resolve) => { this.#done = resolve; });
  }

  tick(): void {
    if (--this.#left === 0) this.#done?.();
  }
}

async function fillWith(nc: NatsConnection, count: number, subject?: () => string): Promise<void> {
  await rawPublish(nc, count, subject).run();
}

/** Pull, and an ack of each message that the server confirms. */
export async function pullAndAck(nc: NatsConnection, count: number): Promise<Side> {
  await makeConsumer(nc);
  const countdown = new Countdown();
  const acks = new Confirmations(nc, () => { countdown.tick(); });
  const pull = new Pull(nc, (message) => { acks.send(message.reply ?? "", "+ACK", false); });
  return {
    prepare: () => fillWith(nc, count),
    async run() {
      const done = countdown.start(count);
      pull.start(count);
      await done;
      return count;
    },
  };
}

/**
 * Order without leases: one consumer for everything, a queue for each key in memory, and of each key the next message
 * when the server has confirmed the ack of the one before. It holds nothing that would survive its owner.
 */
export async function perKeyDispatch(nc: NatsConnection, count: number, keys: number): Promise<Side> {
  await makeConsumer(nc);
  const countdown = new Countdown();
  const waiting = new Map<string, Msg[]>();
  const underWay = new Map<number, string>();
  const settle = (key: string, message: Msg): void => { underWay.set(acks.send(message.reply ?? "", "+ACK", false), key); };
  const acks = new Confirmations(nc, (number) => {
    const key = underWay.get(number);
    underWay.delete(number);
    const next = key === undefined ? undefined : waiting.get(key)?.shift();
    if (key !== undefined && next !== undefined) settle(key, next);
    else if (key !== undefined) waiting.delete(key);
    countdown.tick();
  });
  const pull = new Pull(nc, (message) => {
    const key = message.subject;
    const behind = waiting.get(key);
    if (behind !== undefined) {
      behind.push(message);
      return;
    }
    waiting.set(key, []);
    settle(key, message);
  });
  let n = 0;
  return {
    prepare: () => fillWith(nc, count, () => `raw.k.customer-${n++ % keys}`),
    async run() {
      const done = countdown.start(count);
      pull.start(count);
      await done;
      return count;
    },
  };
}
