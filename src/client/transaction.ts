import { durationMs, invalidInput } from "../core/index.ts";
import type { Broker, Duration, PushItem, Settlement, TransactionResult } from "../core/index.ts";
import { type Pushable, toPushItem } from "./items.ts";
import type { HeldLeases } from "./leases.ts";
import { listed, type Settleable, settlement } from "./settling.ts";

/** Settlements and pushes that happen together or not at all: `transaction().ack(m).queue("out").push([...]).commit()`. */
export class Transaction {
  readonly #broker: Broker;
  readonly #held: HeldLeases;
  readonly #settle: Settlement[] = [];
  readonly #push: { queue: string; items: PushItem[] }[] = [];
  #committed = false;

  constructor(broker: Broker, held: HeldLeases) {
    this.#broker = broker;
    this.#held = held;
  }

  ack(targets: Settleable | readonly Settleable[]): this {
    return this.#add(targets, (target) => settlement.ack(target));
  }

  nack(targets: Settleable | readonly Settleable[], options: { readonly error?: unknown; readonly delay?: Duration } = {}): this {
    const delay = options.delay === undefined ? undefined : durationMs(options.delay, "delay", "ms");
    return this.#add(targets, (target) => settlement.nack(target, options.error, delay));
  }

  release(targets: Settleable | readonly Settleable[]): this {
    return this.#add(targets, (target) => settlement.release(target));
  }

  dead(targets: Settleable | readonly Settleable[], options: { readonly error?: unknown } = {}): this {
    return this.#add(targets, (target) => settlement.dead(target, options.error));
  }

  queue<T = unknown>(name: string): TransactionQueue<T> {
    return new TransactionQueue<T>(this, (items) => { this.#push.push({ queue: name, items }); }, undefined);
  }

  /** @throws lease-lost and whatever a push throws; then nothing was changed */
  async commit(): Promise<TransactionResult> {
    if (this.#committed) throw invalidInput("transaction", "This transaction was committed already. Start another one.");
    if (this.#settle.length === 0 && this.#push.every(({ items }) => items.length === 0)) {
      throw invalidInput("transaction", "This transaction is empty: settle a message or push one before commit().");
    }
    const result = await this.#broker.messages.transact({ settle: this.#settle, push: this.#push });
    this.#committed = true;
    this.#held.noteSettled(this.#settle, result.settled);
    return result;
  }

  #add(targets: Settleable | readonly Settleable[], settle: (target: Settleable) => Settlement): this {
    this.#settle.push(...listed(targets).map(settle));
    return this;
  }
}

/** The queue that the next push of a transaction goes to. */
export class TransactionQueue<T = unknown> {
  readonly #transaction: Transaction;
  readonly #add: (items: PushItem[]) => void;
  readonly #partition: string | undefined;

  constructor(transaction: Transaction, add: (items: PushItem[]) => void, partition: string | undefined) {
    this.#transaction = transaction;
    this.#add = add;
    this.#partition = partition;
  }

  partition(key: string): TransactionQueue<T> {
    return new TransactionQueue<T>(this.#transaction, this.#add, key);
  }

  push(data: Pushable<T> | readonly Pushable<T>[]): Transaction {
    const list: readonly unknown[] = Array.isArray(data) ? data : [data];
    this.#add(list.map((item) => toPushItem(item, this.#partition)));
    return this.#transaction;
  }
}
