import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { connect, type Connection } from "../../src/client/index.ts";
import { type Host, serveInspector } from "../../src/inspector/index.ts";
import { METHODS, type MethodName } from "../../src/protocol/index.ts";
import { fitting, NASTY, nearlyFitting } from "../support/arbitrary.ts";
import { until } from "../support/until.ts";

const NAMES = Object.keys(METHODS) as MethodName[];

interface Answer {
  readonly type: "result" | "error";
  readonly id: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A page that keeps to no rules, and the host that it can't harm. */
class HostilePage implements Disposable {
  readonly answers = new Map<number, Answer>();
  /** What the host itself called unexpected. */
  readonly accidents: string[] = [];
  readonly #serving: Disposable;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #say: (message: unknown) => void = () => undefined;
  #lastId = 1_000_000;

  constructor(connection: Connection, folder: string) {
    const host: Host = {
      surface: "browser",
      connection: { id: "", label: "", open: () => Promise.resolve(connection.broker), status: () => ({ state: "open", reason: null }), onStatus: () => ({ [Symbol.dispose]: () => undefined }) },
      popped: { list: () => [], add: () => Promise.resolve(), renewed: () => Promise.resolve(), remove: () => Promise.resolve() },
      editor: null,
      files: { save: () => Promise.resolve(undefined), open: () => Promise.resolve(undefined) },
      templates: join(folder, "inner", "templates"),
      texts: {},
      onError: (what, error) => { this.accidents.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`); },
    };
    const send = (message: { readonly type: string }): void => {
      // As on a socket: what can't be written would be an accident.
      JSON.stringify(message);
      if (message.type !== "result" && message.type !== "error") return;
      const answer = message as Answer;
      this.answers.set(answer.id, answer);
      this.#waiting.get(answer.id)?.(answer);
    };
    this.#serving = serveInspector({ send, onMessage: (listener) => { this.#say = listener; } }, host);
  }

  say(message: unknown): void {
    this.#say(message);
  }

  /** What came of a call; one that takes its time is cancelled. */
  async call(method: string, params: unknown): Promise<Answer> {
    const id = ++this.#lastId;
    const answered = new Promise<Answer>((resolve) => { this.#waiting.set(id, resolve); });
    this.#say({ type: "call", id, method, params });
    const cancel = setTimeout(() => { this.#say({ type: "cancel", id }); }, 250);
    try {
      return await answered;
    } finally {
      clearTimeout(cancel);
    }
  }

  [Symbol.dispose](): void {
    this.#serving[Symbol.dispose]();
  }
}

let folder: string;
let writable: Connection;
let readOnly: Connection;
/** Names and ids that exist. */
let known: string[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "queuescope-hostile-"));
  writable = await connect(join(folder, "queues.db"));
  const { broker } = writable;
  await broker.queues.create("orders", { retryLimit: 0 });
  const payload = { encoding: "json", bytes: new TextEncoder().encode('{"id":1}') } as const;
  const pushed = await broker.messages.push("orders", Array.from({ length: 8 }, (_, n) => ({ payload, ...(n % 2 === 0 ? { partition: "p" } : {}) })));
  const [leased, failed] = await broker.messages.pop("orders", { batch: 2, lease: 3_600_000 });
  await writable.nack([failed?.receipt ?? assert.fail("nothing to fail")]);
  await broker.messages.pop("orders", { group: "billing", lease: 3_600_000 });
  const { items } = await broker.inspect.deadLetters("orders");
  readOnly = await connect({ url: join(folder, "queues.db"), readOnly: true });
  known = ["orders", "default", "billing", "p", leased?.receipt ?? "", ...pushed.flatMap((item) => ("id" in item ? [item.id] : [])), ...items.map(({ id }) => id)].filter((name) => name !== "");
});
after(async () => {
  await readOnly.close();
  await writable.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Everything that a page could have changed; ages, which change by themselves, aside. */
async function state(): Promise<string> {
  const { broker } = writable;
  const { items } = await broker.queues.list();
  const parts = await Promise.all(items.map(async ({ name }) => [
    await broker.queues.get(name),
    await broker.inspect.stats(name),
    await broker.inspect.browse(name),
    await broker.inspect.browse(name, { group: "billing" }),
    await broker.inspect.deadLetters(name),
  ]));
  const text = JSON.stringify([parts, await readdir(folder, { recursive: true })], (key, value: unknown) => (key === "oldestReadyAge" || key === "fileSize" ? undefined : value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value));
  return text.replaceAll(/queues\.db[\w.-]*/g, "");
}

async function stillAnswers(page: HostilePage): Promise<void> {
  const answer = await page.call("queue.get", { queue: "orders" });
  assert.equal(answer.type, "result", JSON.stringify(answer.error));
}

describe("a hostile page", () => {
  it("is not heard when what it says is no message of the protocol, and changes nothing", async () => {
    using page = new HostilePage(writable, folder);
    const before = await state();
    const cyclic: Record<string, unknown> = { type: "call", id: 1, method: "queue.get" };
    cyclic["params"] = cyclic;
    let deep: unknown = [];
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    for (const message of [undefined, null, 0, "call", [], {}, cyclic, deep, new Map(), new Date(), 1n, Symbol("call"), Object.create(null), { type: "call" }, { type: "call", id: "1", method: "queue.get", params: {} }, { type: "call", id: Number.NaN, method: "queue.get" }, { type: "cancel", id: {} }, { type: "cancel", id: 77 }, { type: "__proto__" }, { type: "result", id: 1, value: {} }]) {
      page.say(message);
    }
    for (const method of [...NASTY, "queue", "queue.get ", "QUEUE.GET", "x".repeat(4000)]) {
      const answer = await page.call(method, {});
      assert.equal(answer.error?.code, "invalid-input", method);
    }
    for (const params of [deep, cyclic, { queue: deep }, { queue: { toString: "orders" } }, ["orders"], { queue: "orders", __proto__: { queue: "other" } }, JSON.parse('{"__proto__":{"queue":"orders"}}'), "x".repeat(10_000_000), { queue: "x".repeat(10_000_000) }]) {
      const answer = await page.call("queue.pause", params);
      assert.equal(answer.error?.code, "invalid-input");
    }
    fc.assert(fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true, withTypedArray: true }), (message) => { page.say(message); }), { numRuns: 2000 });
    await stillAnswers(page);
    assert.equal(await state(), before);
    assert.deepEqual(page.accidents, []);
    assert.equal(Object.hasOwn(Object.prototype, "queue"), false);
  });

  it("is answered each of thousands of calls at once", async () => {
    using page = new HostilePage(writable, folder);
    for (let id = 0; id < 5000; id++) page.say({ type: "call", id, method: NAMES[id % NAMES.length], params: { queue: "orders", nonsense: id } });
    await until("all answers", () => page.answers.size === 5000, 60);
    const codes = new Set([...page.answers.values()].map(({ error }) => error?.code));
    assert.ok(codes.has("busy"));
    await stillAnswers(page);
  });

  it("is refused every call with input that nearly fits, and changes nothing", async () => {
    using page = new HostilePage(writable, folder);
    const before = await state();
    for (const method of NAMES) {
      await fc.assert(fc.asyncProperty(nearlyFitting(METHODS[method].params, known), async (params) => {
        const { error } = await page.call(method, params);
        assert.equal(error?.code, "invalid-input", method);
      }), { numRuns: 40 });
      assert.equal(await state(), before, method);
    }
    assert.deepEqual(page.accidents, []);
  });

  it("changes nothing by calls that fit on a read-only connection, and meets no accident", async () => {
    using page = new HostilePage(readOnly, folder);
    const before = await state();
    for (const method of NAMES) {
      await fc.assert(fc.asyncProperty(fitting(METHODS[method].params, known), async (params) => {
        const { error } = await page.call(method, params);
        assert.notEqual(error?.code, "failed", `${method}: ${error?.message ?? ""}`);
      }), { numRuns: 60 });
      // Templates are files of the workspace, in a folder that they don't leave; they are no queue's.
      await rm(join(folder, "inner"), { recursive: true, force: true });
      assert.equal(await state(), before, method);
    }
    assert.deepEqual(page.accidents, []);
  });

  it("does what it may by calls that fit, without an accident", async () => {
    using page = new HostilePage(writable, folder);
    for (const method of NAMES) {
      await fc.assert(fc.asyncProperty(fitting(METHODS[method].params, known), async (params) => {
        const { error } = await page.call(method, params);
        assert.notEqual(error?.code, "failed", `${method}: ${error?.message ?? ""}`);
      }), { numRuns: 40 });
    }
    assert.deepEqual(page.accidents, []);
    assert.deepEqual((await readdir(folder)).filter((name) => !name.startsWith("queues.db")).filter((name) => name !== "inner"), []);
    const answer = await page.call("page.open", {});
    assert.equal(answer.type, "result");
  });
});
