import type { Msg, Subscription } from "@nats-io/transport-node";
import type { Api } from "./api.ts";
import { PATIENCE } from "./api.ts";
import { LogMessage } from "./message.ts";

/** Messages that are kept in memory ahead of the pops. */
const AHEAD = 4_000;
const AHEAD_BYTES = 16 * 1024 * 1024;
const PULL = 2_000;
/** Further ahead a new reader is quicker than reading on. */
const FAR = 5_000;
/** Milliseconds that a pull waits for messages: an idle reader asks no more often. */
const PULL_WAIT = 30_000;
const BEAT = 5_000;
const NANO = 1_000_000;

/**
 * Reads a stream's messages of some subjects in order, ahead of who needs them. Its consumer only reads: it acks
 * nothing, and the server forgets it when nobody pulls any more.
 */
export class Reader {
  readonly #api: Api;
  readonly #stream: string;
  readonly #filter: string;
  readonly #whole: boolean;
  readonly #onMessages: () => void;
  readonly #onError: (error: unknown) => void;
  #buffer: LogMessage[] = [];
  #head = 0;
  /** The one that came last: mostly the next one has the same headers. */
  #last: LogMessage | undefined;
  #bytes = 0;
  /** Everything of the filter behind this, up to the position, is in memory. */
  #from: number;
  #position: number;
  /** Nothing of the filter is between the position and here. */
  #emptyTo = 0;
  #wanted = 0;
  /** How many there were behind the last one, when it was sent. */
  #pending = 0;
  #consumer = "";
  /** How often one was asked for. */
  #making = 0;
  #subscription: Subscription | undefined;
  #alive: NodeJS.Timeout | undefined;
  /** Beats that could have come since the last sign of life. */
  #beats = 0;
  #starting: Promise<void> | undefined;
  #stopped = false;
  #arrivals: (() => void)[] = [];

  /**
   * @param filter subjects that begin alike, as `a.b.>`
   * @param after reads what is behind this sequence
   * @param whole most of the stream is of these subjects: it is read without the filter, for which the server would
   * go through all of a block's subjects with each message, and what is of others is left out here
   */
  constructor(api: Api, stream: string, filter: string, after: number, whole: boolean, onMessages: () => void, onError: (error: unknown) => void) {
    this.#api = api;
    this.#stream = stream;
    this.#filter = filter;
    this.#whole = whole;
    this.#from = after;
    this.#position = after;
    this.#onMessages = onMessages;
    this.#onError = onError;
  }

  /** The last sequence that was read. */
  get position(): number {
    return this.#position;
  }

  /** Messages in memory that are behind `seq`, in order. */
  *after(seq: number): Generator<LogMessage> {
    for (let i = this.#indexAfter(seq); i < this.#buffer.length; i++) {
      const message = this.#buffer[i];
      if (message !== undefined) yield message;
    }
  }

  /** How many there are. */
  countAfter(seq: number): number {
    return this.#buffer.length - this.#indexAfter(seq);
  }

  #indexAfter(seq: number): number {
    let low = this.#head;
    let high = this.#buffer.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#buffer[middle]?.seq ?? Infinity) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets messages up to `seq`: it is stored that the group has passed them. */
  trim(seq: number): void {
    const end = this.#indexAfter(seq);
    if (end > this.#head) this.#from = Math.max(this.#from, seq);
    for (; this.#head < end; this.#head++) this.#bytes -= this.#buffer[this.#head]?.data.length ?? 0;
    if (this.#head > 1_000 && this.#head * 2 > this.#buffer.length) {
      this.#buffer = this.#buffer.slice(this.#head);
      this.#head = 0;
    }
    this.#pull();
  }

  /** Whether a group that stands at `seq` finds what it needs here: not one that was moved back, or far ahead. */
  serves(seq: number): boolean {
    return seq >= this.#from && seq <= this.#position + FAR;
  }

  /** Until what the stream holds now is read, and then `true`; or is enough, or the memory is full. */
  async catchUp(enough: () => boolean): Promise<boolean> {
    await this.#start();
    const deadline = Date.now() + PATIENCE;
    const goesOn = (): boolean => !enough() && Date.now() < deadline;
    // The last one said that there are more: no need to ask.
    while (this.#pending > 0 && goesOn() && (await this.#comes(Infinity)));
    if (enough()) return false;
    const { state } = await this.#api.streamInfo(this.#stream);
    if (state.last_seq <= Math.max(this.#position, this.#emptyTo)) return true;
    if (this.#full) return false;
    const last = (await this.#api.read(this.#stream, { last_by_subj: this.#filter }))?.seq ?? 0;
    while (this.#position < last && goesOn() && (await this.#comes(last)));
    if (this.#position < last) return false;
    this.#emptyTo = state.last_seq;
    return true;
  }

  /** Waits for the next message; `false` when none up to `last` will come: those there were are removed, or the memory is full. */
  async #comes(last: number): Promise<boolean> {
    const before = this.#position;
    if (this.#stopped || this.#full) return false;
    await this.#arrival(250);
    if (this.#position > before) return true;
    const next = await this.#api.read(this.#stream, { seq: before + 1, next_by_subj: this.#filter });
    return next !== undefined && next.seq <= last;
  }

  /** After the connection was lost, or the consumer was. */
  restart(): void {
    if (this.#stopped || this.#starting === undefined) return;
    this.#halt();
    this.#start().catch(this.#onError);
  }

  stop(): void {
    this.#stopped = true;
    const { nc } = this.#api.link;
    const gone = this.#consumer;
    this.#halt();
    // The server would forget it by itself; a closed connection needs nothing.
    if (gone !== "" && !nc.isClosed() && !nc.isDraining()) nc.publish(`${this.#api.link.prefix}.CONSUMER.DELETE.${this.#stream}.${gone}`);
  }

  get #full(): boolean {
    return this.#buffer.length - this.#head >= AHEAD || this.#bytes >= AHEAD_BYTES;
  }

  #start(): Promise<void> {
    this.#starting ??= this.#make().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #make(): Promise<void> {
    const turn = ++this.#making;
    const { name } = await this.#api.makeConsumer(this.#stream, {
      deliver_policy: "by_start_sequence", opt_start_seq: this.#position + 1, ...(this.#whole ? {} : { filter_subject: this.#filter }), inactive_threshold: 3 * PULL_WAIT * NANO, max_waiting: 8,
    });
    // Restarted meanwhile: there is another one.
    if (this.#stopped || turn !== this.#making) return;
    this.#consumer = name;
    const { nc } = this.#api.link;
    this.#subscription = nc.subscribe(this.#api.link.inbox(), { callback: (error, message) => { if (error === null) this.#take(message); } });
    this.#wanted = 0;
    this.#pending = 0;
    this.#pull();
  }

  #halt(): void {
    clearInterval(this.#alive);
    this.#alive = undefined;
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    this.#consumer = "";
    this.#starting = undefined;
  }

  #pull(): void {
    const subscription = this.#subscription;
    if (subscription === undefined || this.#wanted > PULL / 2 || this.#full) return;
    const { nc, prefix } = this.#api.link;
    const request = { batch: PULL, max_bytes: Math.max(AHEAD_BYTES, nc.info?.max_payload ?? 0), expires: PULL_WAIT * NANO, idle_heartbeat: BEAT * NANO };
    nc.publish(`${prefix}.CONSUMER.MSG.NEXT.${this.#stream}.${this.#consumer}`, JSON.stringify(request), { reply: subscription.getSubject() });
    this.#wanted += PULL;
    this.#expectLife();
  }

  /** The server beats while a pull waits; silence means that it, or the consumer, is gone. */
  #expectLife(): void {
    this.#beats = 0;
    this.#alive ??= setInterval(() => {
      this.#beats += 1;
      if (this.#wanted > 0 && this.#beats > 3) this.restart();
    }, BEAT).unref();
  }

  #take(message: Msg): void {
    this.#beats = 0;
    if (message.subject === this.#subscription?.getSubject()) {
      this.#status(message.headers?.code ?? 0, message.headers?.description ?? "", Number(message.headers?.get("Nats-Pending-Messages") || this.#wanted));
      return;
    }
    const read = LogMessage.delivered(message, this.#last);
    this.#wanted -= 1;
    this.#last = read ?? this.#last;
    if (read === undefined || read.seq <= this.#position) return;
    this.#position = read.seq;
    this.#pending = read.pending;
    const wanted = !this.#whole || read.subject.startsWith(this.#filter.slice(0, -1));
    if (wanted) {
      this.#buffer.push(read);
      this.#bytes += read.data.length;
    }
    this.#pull();
    if (this.#arrivals.length > 0) for (const tell of this.#arrivals.splice(0)) tell();
    if (wanted) this.#onMessages();
  }

  /** @param left messages that a pull that has ended still wanted: others may be under way */
  #status(code: number, description: string, left: number): void {
    if (code === 100) return;
    // No consumer by this name any more; otherwise the pull has ended, and another one follows.
    if (code === 503 || /deleted|not found|leadership|shutdown/i.test(description)) {
      this.#halt();
      this.#start().catch(this.#onError);
      return;
    }
    // More pulls than it takes are waiting already.
    if (/maxwaiting/i.test(description)) return;
    this.#wanted = Math.max(0, this.#wanted - left);
    this.#pull();
  }

  #arrival(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#arrivals.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
