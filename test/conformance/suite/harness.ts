import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Broker,
  type Capabilities,
  type Delivery,
  type ErrorCode,
  type Message,
  type Payload,
  type PopRequest,
  type PushItem,
  type PushResult,
  type QueueOptionsInput,
  type SettleResult,
  type Settlement,
  isQueuescopeError,
  payloadText,
  textPayload,
} from "../../../src/core/index.ts";
import type { OtherProcess } from "./other-process.ts";

/** What a broker gives to run the whole suite against it. */
export interface BrokerFactory {
  readonly name: string;
  /** The longest `advance` that this broker's storage can do; tests that need more are skipped. */
  readonly longestAdvance: number;
  /** Fresh, empty storage. */
  create(): Promise<Storage>;
}

export interface Storage {
  /** A handle of its own, as another process would have it. */
  open(options?: OpenOptions): Promise<Broker>;
  /** A handle in a Node process of its own. */
  openElsewhere(): Promise<OtherProcess>;
  /** The time that its handles live by. */
  now(): number;
  /** Moves that time, and lets what waits for it look again. */
  advance(ms: number): Promise<void>;
  /** Everything it has stored, as raw bytes, once all handles are closed. */
  dump(): Promise<Buffer>;
  remove(): Promise<void>;
}

export interface OpenOptions {
  readonly readOnly?: boolean;
  /** 64 hex digits; the current one first, older ones after it. None: no key. */
  readonly encryptionKeys?: readonly string[];
}

/** Thrown out of a test's body to skip it, with the reason. */
class Unmet extends Error {}

export function conformance(factory: BrokerFactory, title: string, define: (rig: Rig) => void): void {
  describe(`${factory.name}: ${title}`, () => {
    const rig = new Rig(factory);
    before(() => rig.start());
    after(() => rig.stop());
    define(rig);
  });
}

export type Data = string | Payload | (Partial<PushItem> & { readonly data?: string });

/** One storage with a broker on it, shared by the tests of a file; each test uses queues of its own. */
export class Rig {
  readonly #factory: BrokerFactory;
  #storage: Storage | undefined;
  #first: Broker | undefined;
  #broker: Broker | undefined;
  #opened: { close(): Promise<void> }[] = [];
  #names = 0;

  constructor(factory: BrokerFactory) {
    this.#factory = factory;
  }

  async start(): Promise<void> {
    this.#storage = await this.#factory.create();
    this.#first = await this.#storage.open();
    this.#broker = this.#first;
  }

  async stop(): Promise<void> {
    for (const handle of this.#opened) await handle.close();
    await this.#first?.close();
    await this.#storage?.remove();
  }

  get broker(): Broker {
    assert.ok(this.#broker, "the broker opens before the tests");
    return this.#broker;
  }

  /** Goes on with this handle. */
  on(broker: Broker): void {
    this.#broker = broker;
  }

  get storage(): Storage {
    assert.ok(this.#storage, "the storage is made before the tests");
    return this.#storage;
  }

  it(name: string, body: () => Promise<void>): void {
    it(name, async (t) => {
      try {
        await body();
      } catch (error) {
        if (!(error instanceof Unmet)) throw error;
        t.skip(error.message);
      } finally {
        this.#broker = this.#first;
        for (const handle of this.#opened.splice(0)) await handle.close();
      }
    });
  }

  /** Skips the test when the broker says truthfully that it can't. */
  needs(can: (capabilities: Capabilities) => boolean, what: string): void {
    if (!can(this.broker.capabilities)) throw new Unmet(`${this.#factory.name} has no ${what}`);
  }

  /** Fresh storage of the test's own, for what changes the whole of it. */
  async ownStorage(): Promise<Storage> {
    const storage = await this.#factory.create();
    this.#opened.push({ close: () => storage.remove() });
    return storage;
  }

  async another(options?: OpenOptions): Promise<Broker> {
    const broker = await this.storage.open(options);
    this.#opened.unshift(broker);
    return broker;
  }

  async elsewhere(): Promise<OtherProcess> {
    const other = await this.storage.openElsewhere();
    this.#opened.unshift(other);
    return other;
  }

  now(): number {
    return this.storage.now();
  }

  async advance(ms: number): Promise<void> {
    if (ms > this.#factory.longestAdvance) throw new Unmet(`${this.#factory.name} can't move its clock by ${ms} ms`);
    await this.storage.advance(ms);
  }

  /** Until `at` has come. */
  async reach(at: number | null): Promise<void> {
    assert.ok(at !== null, "there is a time to wait for");
    await this.advance(Math.max(0, at - this.now()) + 1);
  }

  /** Until the leases of these deliveries have run out. */
  async expire(deliveries: readonly Delivery[]): Promise<void> {
    await this.reach(Math.max(...deliveries.map((d) => d.leaseExpiresAt ?? 0)));
  }

  name(prefix = "q"): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  async queue(options: QueueOptionsInput = {}): Promise<string> {
    const name = this.name();
    await this.broker.queues.create(name, options);
    return name;
  }

  async push(queue: string, data: readonly Data[], shared: Partial<PushItem> = {}): Promise<PushResult[]> {
    return this.broker.messages.push(queue, data.map((one) => item(one, shared)));
  }

  /** Pushes one; answers its id. */
  async pushOne(queue: string, data: Data, shared: Partial<PushItem> = {}): Promise<string> {
    return only(await this.push(queue, [data], shared)).id;
  }

  pop(queue: string, request?: PopRequest): Promise<Delivery[]> {
    return this.broker.messages.pop(queue, request);
  }

  /** The one delivery that this pop must give. */
  async popOne(queue: string, request?: PopRequest): Promise<Delivery> {
    return only(await this.pop(queue, request));
  }

  /** Pops until `count` have come, for what becomes due or is freed by another process. */
  async popSoon(queue: string, request: PopRequest = {}, count = 1): Promise<Delivery[]> {
    const got: Delivery[] = [];
    await eventually(async () => {
      got.push(...(await this.pop(queue, { batch: count - got.length, ...request })));
      assert.equal(got.length, count, `deliveries of ${queue}`);
    });
    return got;
  }

  /** Pops and acks until nothing comes; answers what came. */
  async drain(queue: string, request: PopRequest = {}): Promise<Delivery[]> {
    const got: Delivery[] = [];
    for (;;) {
      const deliveries = await this.pop(queue, { batch: 1000, ...request });
      if (deliveries.length === 0) return got;
      got.push(...deliveries);
      if (request.atMostOnce !== true) await this.ack(...deliveries);
    }
  }

  settle(...settlements: readonly Settlement[]): Promise<SettleResult[]> {
    return this.broker.messages.settle(settlements);
  }

  /** Settles what must succeed; answers the results. */
  async settled(...settlements: readonly Settlement[]): Promise<Settled[]> {
    return (await this.settle(...settlements)).map(succeeded);
  }

  ack(...deliveries: readonly Delivery[]): Promise<Settled[]> {
    return this.settled(...deliveries.map((d) => ({ action: "ack", receipt: receipt(d) }) as const));
  }

  async nack(delivery: Delivery, more: { readonly error?: { readonly message: string; readonly stack?: string }; readonly delay?: number } = {}): Promise<Settled> {
    return only(await this.settled({ action: "nack", receipt: receipt(delivery), ...more }));
  }

  async release(delivery: Delivery): Promise<Settled> {
    return only(await this.settled({ action: "release", receipt: receipt(delivery) }));
  }

  async dead(delivery: Delivery, error?: { readonly message: string; readonly stack?: string }): Promise<Settled> {
    return only(await this.settled({ action: "dead", receipt: receipt(delivery), ...(error === undefined ? {} : { error }) }));
  }

  /** Every settlement and renewal of this receipt is refused as `lease-lost`. */
  async assertStale(delivery: Delivery): Promise<void> {
    const stale = receipt(delivery);
    const results = [
      ...(await this.settle({ action: "ack", receipt: stale })),
      ...(await this.settle({ action: "nack", receipt: stale })),
      ...(await this.settle({ action: "release", receipt: stale })),
      ...(await this.settle({ action: "dead", receipt: stale })),
      ...(await this.broker.messages.renew([stale])),
    ];
    for (const result of results) assert.equal(result.ok ? "applied" : result.error.code, "lease-lost");
  }
}

export type Settled = Extract<SettleResult, { ok: true }>;

export function succeeded(result: SettleResult): Settled {
  if (!result.ok) throw result.error;
  return result;
}

export function refusal(result: SettleResult | undefined): ErrorCode | "applied" {
  assert.ok(result, "there is a result");
  return result.ok ? "applied" : result.error.code;
}

export function item(data: Data, shared: Partial<PushItem> = {}): PushItem {
  if (typeof data === "string") return { payload: textPayload(data), ...shared };
  if ("bytes" in data) return { payload: data, ...shared };
  const { data: text, ...own } = data;
  return { payload: textPayload(text ?? ""), ...shared, ...own };
}

export function only<T>(items: readonly T[]): T {
  assert.equal(items.length, 1, `exactly one is expected, but there are ${items.length}`);
  return items[0] as T;
}

export function nth<T>(items: readonly T[], index: number): T {
  const found = items.at(index);
  assert.ok(found !== undefined, `there is no item ${index} among ${items.length}`);
  return found;
}

export function receipt(delivery: Delivery): string {
  assert.ok(delivery.receipt !== null, `delivery of ${delivery.id} has a receipt`);
  return delivery.receipt;
}

export function texts(messages: readonly { readonly payload: Payload }[]): string[] {
  return messages.map((m) => payloadText(m.payload));
}

export function ids(messages: readonly { readonly id: string }[]): string[] {
  return messages.map((m) => m.id);
}

export function numbered(count: number, prefix = ""): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

/** Polls until `check` no longer throws, at most 10 s: for what a broker does in its own time. */
export async function eventually<T>(check: () => Promise<T> | T, deadline = 10_000): Promise<T> {
  const end = performance.now() + deadline;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (error instanceof Unmet || performance.now() > end) throw error;
    }
    await pause(10);
  }
}

/** The call is refused with this code, in words for people, and names the field where one is given. */
export async function refused(call: Promise<unknown>, code: ErrorCode, field?: string | RegExp): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(isQueuescopeError(error), `${code} is expected, but this came: ${error instanceof Error ? (error.stack ?? "") : String(error)}`);
    assert.equal(error.code, code, error.message);
    assert.ok(error.message.length > 10, "it says what happened");
    if (typeof field === "string") assert.equal(error.field, field);
    if (field instanceof RegExp) assert.match(error.field ?? "", field);
    return true;
  });
}

/** Each of these calls is refused so; they run at the same time. */
export async function allRefused(calls: readonly Promise<unknown>[], code: ErrorCode, field?: string | RegExp): Promise<void> {
  await Promise.all(calls.map((call) => refused(call, code, field)));
}

/** What the caller's types forbid, to see it refused at run time too. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller's type is what it gets around
export function wrong<T>(value: unknown): T {
  return value as T;
}

export async function pages<T>(read: (after: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>): Promise<T[]> {
  const all: T[] = [];
  let after: string | undefined;
  for (let n = 0; n < 10_000; n += 1) {
    const page = await read(after);
    all.push(...page.items);
    if (page.next === null) return all;
    assert.notEqual(page.next, after, "a page moves on");
    after = page.next;
  }
  throw new Error("the pages have no end");
}

export function states(messages: readonly Message[]): Record<string, string> {
  return Object.fromEntries(messages.map((m) => [payloadText(m.payload), m.state]));
}
