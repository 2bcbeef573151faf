import type { Broker, RenewResult, Settlement, SettleResult } from "../core/index.ts";
import type { Logger } from "./log.ts";
import type { Message } from "./message.ts";

/** A lease whose message a handler of this process has now. */
export interface HeldLease {
  readonly receipt: string;
  expiresAt: number;
  /** How it was settled, by the handler itself or for it. */
  settled: SettleResult | null;
  /** It was settled by a nack or release, which in a partition return what is behind it too. */
  returned: boolean;
  /** Aborted when the lease is lost: the handler's result can't count any more. */
  readonly lost: AbortController;
}

/**
 * The leases that handlers of this process hold, over all handles on one broker: so that a message
 * which its handler settled itself isn't settled again, and a renewal is known to who waits for the expiry.
 */
export class HeldLeases {
  readonly #held = new Map<string, HeldLease>();

  hold(receipt: string, expiresAt: number): HeldLease {
    const lease: HeldLease = { receipt, expiresAt, settled: null, returned: false, lost: new AbortController() };
    this.#held.set(receipt, lease);
    return lease;
  }

  drop(lease: HeldLease): void {
    this.#held.delete(lease.receipt);
  }

  noteSettled(settlements: readonly Settlement[], results: readonly SettleResult[]): void {
    for (const [index, result] of results.entries()) {
      const lease = this.#held.get(result.receipt);
      if (lease === undefined || !result.ok) continue;
      const action = settlements[index]?.action;
      lease.settled = result;
      lease.returned = action === "nack" || action === "release";
    }
  }

  noteRenewed(results: readonly RenewResult[]): void {
    for (const result of results) {
      const lease = this.#held.get(result.receipt);
      if (lease === undefined) continue;
      if (result.ok) lease.expiresAt = result.leaseExpiresAt;
      else if (result.error.code === "lease-lost" && lease.settled === null) lease.lost.abort(result.error);
    }
  }
}

export interface LeaseCareOptions {
  /** Renew while handlers run, every third of the lease or this many milliseconds; otherwise only watch for the end. */
  readonly renew: boolean | number;
  /** Length of a renewal in milliseconds; default: the queue's leaseTime. */
  readonly lease: number | undefined;
}

/** Cares for the leases of one pop until its messages are done: renews them, or says when they have ended. */
export class LeaseCare implements Disposable {
  readonly #broker: Broker;
  readonly #held: HeldLeases;
  readonly #logger: Logger;
  readonly #options: LeaseCareOptions;
  readonly #leases = new Map<string, HeldLease>();
  #timer: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(broker: Broker, held: HeldLeases, logger: Logger, options: LeaseCareOptions, messages: readonly Message[]) {
    this.#broker = broker;
    this.#held = held;
    this.#logger = logger;
    this.#options = options;
    for (const { receipt, leaseExpiresAt } of messages) {
      if (receipt !== null && leaseExpiresAt !== null) this.#leases.set(receipt, held.hold(receipt, leaseExpiresAt.getTime()));
    }
    this.#arm(Date.now());
  }

  of(message: Message): HeldLease | undefined {
    return message.receipt === null ? undefined : this.#leases.get(message.receipt);
  }

  /** Whether the message may be started: its lease is live, renewed now if the clock says that it ended while this process stood still. */
  async isLive(message: Message): Promise<boolean> {
    const lease = this.of(message);
    if (lease === undefined) return true;
    if (lease.expiresAt <= Date.now()) await this.#onTimer();
    return !lease.lost.signal.aborted && lease.settled === null;
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const lease of this.#leases.values()) this.#held.drop(lease);
  }

  #open(): HeldLease[] {
    return [...this.#leases.values()].filter((lease) => lease.settled === null && !lease.lost.signal.aborted);
  }

  #arm(now: number): void {
    const open = this.#open();
    if (this.#ended || open.length === 0) return;
    const left = Math.min(...open.map((lease) => lease.expiresAt)) - now;
    const { renew } = this.#options;
    const wait = renew === false ? left : renew === true ? left / 3 : Math.min(renew, left);
    // Not unref'd: a lease to renew is work that keeps the process alive; the handler ends it.
    this.#timer = setTimeout(() => { void this.#onTimer(); }, Math.min(Math.max(wait, 10), 2 ** 31 - 1));
  }

  async #onTimer(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#options.renew === false) this.#expire(Date.now());
    else await this.#renew(this.#open());
    this.#arm(Date.now());
  }

  #expire(now: number): void {
    for (const lease of this.#open()) {
      if (lease.expiresAt <= now) lease.lost.abort(new Error("The lease ended before the message was settled."));
    }
  }

  async #renew(open: readonly HeldLease[]): Promise<void> {
    if (open.length === 0) return;
    try {
      this.#held.noteRenewed(await this.#broker.messages.renew(open.map((lease) => lease.receipt), this.#options.lease));
    } catch (error) {
      this.#logger.warn("renewing leases failed", { count: open.length, error: String(error) });
      this.#expire(Date.now());
    }
  }
}
