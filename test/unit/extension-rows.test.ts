import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTextPayload, bytesPayload } from "../../src/core/index.ts";
import type { Workspace } from "../../src/client/workspace-file.ts";
import { planConnections } from "../../src/extension/connections/folder.ts";
import { handlerLine } from "../../src/extension/editor/handlerPlace.ts";
import { Paging, takeRows } from "../../src/extension/loaders/paging.ts";
import { countdown, countdownBadge, deadCount, firstLine, preview, shortTime, untilNextBadge } from "../../src/extension/models/format.ts";
import { type Popped, PoppedMessages } from "../../src/extension/models/popped.ts";
import { ShownRows } from "../../src/extension/views/shownRows.ts";
import { workerArguments } from "../../src/extension/workers/commandLine.ts";
import { findRuntime, isNewEnough } from "../../src/extension/workers/runtime.ts";

describe("texts of rows", () => {
  it("count a lease down to zero", () => {
    assert.equal(countdown(300_000, 0), "5:00");
    assert.equal(countdown(300_000, 28_100), "4:32");
    assert.equal(countdown(3_872_000, 0), "1:04:32");
    assert.equal(countdown(0, 5000), "0:00");
  });

  it("count down in the two characters of a badge, which waits for its next change", () => {
    assert.deepEqual([272_000, 100_000, 99_999, 58_400, 900, 0, 600_000].map(countdownBadge), ["4m", "1m", "99", "58", "0", undefined, undefined]);
    for (const left of [900_000, 600_000, 272_000, 121_500, 110_000, 99_999, 58_400, 900]) {
      const wait = untilNextBadge(left);
      assert.ok(wait !== undefined);
      assert.notEqual(countdownBadge(left - wait), countdownBadge(left), `${left} ms left`);
      assert.equal(countdownBadge(left - wait + 2), countdownBadge(left), `${left} ms left`);
    }
    assert.equal(untilNextBadge(0), undefined);
  });

  it("name the day only of another day", () => {
    const noon = new Date(2026, 4, 1, 12).getTime();
    assert.equal(shortTime(noon, noon), new Date(noon).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
    assert.match(shortTime(noon + 24 * 3_600_000, noon), /2/);
    assert.notEqual(shortTime(noon + 24 * 3_600_000, noon), shortTime(noon, noon));
  });

  it("say that there are more dead letters than are counted", () => {
    assert.deepEqual([3, 1234, 10_000].map(deadCount), ["3", (1234).toLocaleString(), `${(10_000).toLocaleString()}+`]);
  });

  it("show the start of data on one line", () => {
    assert.equal(preview(jsonTextPayload('{\n  "id": 1\n}'), 60), '{ "id": 1 }');
    assert.equal(preview(jsonTextPayload(JSON.stringify("x".repeat(1000))), 10), '"xxxxxxxx…');
    assert.equal(preview(bytesPayload(new Uint8Array([1, 171])), 60), "01ab (2 B)");
    assert.equal(firstLine("TypeError: no\n    at x", 120), "TypeError: no");
  });
});

describe("rows of a view that follows", () => {
  interface Row { readonly id: string; readonly text: string }
  /** Children by the parent's id, "" at the top; what a test changes is what a broker would. */
  class Tree {
    readonly below: Record<string, Row[]> = { "": [{ id: "orders", text: "1 ready" }, { id: "mails", text: "0 ready" }], orders: [{ id: "m1", text: "held" }] };
    readonly loads: string[] = [];
    readonly shown = new ShownRows<Row>(({ id }) => id, ({ text }) => text);
    readonly load = (parent: Row | undefined): Promise<Row[]> => {
      this.loads.push(parent?.id ?? "");
      return Promise.resolve((this.below[parent?.id ?? ""] ?? []).map((row) => ({ ...row })));
    };
    async open(parent?: Row): Promise<Row[]> {
      const rows = await this.load(parent);
      this.shown.show(parent, rows);
      return rows;
    }
    async changed(): Promise<(string | undefined)[]> {
      this.loads.length = 0;
      return (await this.shown.changed(this.load)).map((row) => row?.id);
    }
  }
  const opened = async () => {
    const tree = new Tree();
    const [orders, mails] = await tree.open();
    assert.ok(orders && mails);
    const [held] = await tree.open(orders);
    assert.ok(held);
    return { tree, orders, mails, held };
  };

  it("stay as they are when nothing of them changed", async () => {
    const { tree } = await opened();
    assert.deepEqual(await tree.changed(), []);
  });

  it("are drawn alone when only they look different, once, with what there is now", async () => {
    const { tree, mails } = await opened();
    tree.below[""] = [{ id: "orders", text: "1 ready" }, { id: "mails", text: "7 ready" }];
    assert.deepEqual(await tree.changed(), ["mails"]);
    assert.equal(mails.text, "7 ready");
    assert.deepEqual(await tree.changed(), []);
  });

  it("below a row that stayed are followed too", async () => {
    const { tree } = await opened();
    tree.below["orders"] = [{ id: "m1", text: "renewed" }];
    assert.deepEqual(await tree.changed(), ["m1"]);
  });

  it("are drawn with their parent when one came or went", async () => {
    const { tree } = await opened();
    tree.below["orders"] = [];
    assert.deepEqual(await tree.changed(), ["orders"]);
    tree.below[""] = [];
    assert.deepEqual(await tree.changed(), [undefined]);
  });

  it("aren't loaded while their parent is closed, and are old when it opens again", async () => {
    const { tree, orders } = await opened();
    tree.shown.close(orders);
    await tree.changed();
    assert.deepEqual(tree.loads, [""]);
    assert.equal(tree.shown.reopen(orders), true);
    assert.equal(tree.shown.reopen(orders), false);
  });
});

describe("long lists", () => {
  const numbers = async ({ after, limit = 100 }: { after?: string | undefined; limit?: number | undefined }) => {
    const from = after === undefined ? 0 : Number(after);
    const items = Array.from({ length: Math.min(limit, 1000 - from) }, (_, i) => from + i);
    return Promise.resolve({ items, next: from + limit < 1000 ? String(from + limit) : null });
  };

  it("show a hundred rows first, and a hundred more each time", async () => {
    const paging = new Paging();
    assert.equal((await takeRows(numbers, paging.rows("list"))).items.length, 100);
    paging.more("list");
    const rows = await takeRows(numbers, paging.rows("list"));
    assert.equal(rows.items.length, 200);
    assert.equal(rows.more, true);
    assert.equal(paging.rows("another"), 100);
  });

  it("end without More when all is shown", async () => {
    const rows = await takeRows(numbers, 2000);
    assert.equal(rows.items.length, 1000);
    assert.equal(rows.more, false);
  });

  it("give up on a rare match before everything is read", async () => {
    let calls = 0;
    const rows = await takeRows(async () => { calls++; return Promise.resolve({ items: [], next: "again" }); }, 100);
    assert.ok(calls < 20);
    assert.equal(rows.more, true);
  });
});

describe("popped messages", () => {
  it("survive a reload of the window until their lease ends", async () => {
    let stored: readonly Popped[] = [];
    const storage = { get: () => stored, set: async (popped: readonly Popped[]) => { stored = popped; return Promise.resolve(); } };
    const delivery = { id: "m1-1", queue: "q", partition: null, payload: jsonTextPayload("1"), headers: {}, transactionId: "m1-1", priority: 0, createdAt: 0, expiresAt: null, redrivenFrom: null, editedAt: null, group: "default", attempt: 1, deliveryCount: 1 };
    await new PoppedMessages(storage).add("c", [
      { ...delivery, receipt: "live", leaseExpiresAt: Date.now() + 60_000 },
      { ...delivery, id: "m1-2", receipt: "over", leaseExpiresAt: Date.now() - 1 },
      { ...delivery, id: "m1-3", receipt: null, leaseExpiresAt: null },
    ]);
    const reloaded = new PoppedMessages(storage);
    assert.equal(reloaded.find("c", "default", "m1-1")?.receipt, "live");
    assert.equal(reloaded.find("c", "default", "m1-2"), undefined);
    assert.equal(reloaded.find("c", "billing", "m1-1"), undefined);
    await reloaded.remove("live");
    assert.deepEqual(stored, []);
  });
});

describe("a folder's connections", () => {
  const workspace = (connections: Record<string, { url: string; readOnly?: boolean }>): Workspace => ({ connections: new Map(Object.entries(connections)), queues: new Map(), workers: new Map() });
  const facts = { id: "file:///shop", name: "shop", workspace: undefined, url: undefined, trusted: true };

  it("are its own file where nothing is said", () => {
    const [plan, ...others] = planConnections(facts);
    assert.deepEqual({ ...plan, id: "" }, { id: "", name: "shop", label: "shop", origin: "own", url: undefined, readOnly: false, credentials: undefined });
    assert.deepEqual(others, []);
  });

  it("are those that queuescope.json names", () => {
    const plans = planConnections({ ...facts, workspace: workspace({ local: { url: "file:a.db" }, live: { url: "nats://live", readOnly: true } }) });
    assert.deepEqual(plans.map(({ label, url, readOnly }) => ({ label, url, readOnly })), [
      { label: "shop: local", url: "file:a.db", readOnly: false },
      { label: "shop: live", url: "nats://live", readOnly: true },
    ]);
    assert.equal(new Set(plans.map(({ id }) => id)).size, 2);
  });

  it("have the folder's own NATS behind them, once it was started", () => {
    const plans = planConnections({ ...facts, localNats: "nats://127.0.0.1:4999" });
    assert.deepEqual(plans.map(({ label, origin, url }) => ({ label, origin, url })), [
      { label: "shop", origin: "own", url: undefined },
      { label: "shop: local NATS", origin: "localNats", url: "nats://127.0.0.1:4999" },
    ]);
  });

  it("are only its own file while it isn't trusted", () => {
    const plans = planConnections({ ...facts, trusted: false, url: "file:/elsewhere.db", workspace: workspace({ live: { url: "nats://live" } }) });
    assert.deepEqual(plans.map(({ url }) => url), [undefined]);
  });
});

describe("a worker's command line", () => {
  const definition = { name: "billing", folder: "/work", settings: { queues: ["orders", "refunds"], handler: "/a folder/handle.ts", group: "billing" } };

  it("names the worker of queuescope.json and leaves the rest to it", () => {
    assert.deepEqual(workerArguments({ definition, named: true, url: "file:/q.db" }), ["--url", "file:/q.db", "worker", "--name", "billing"]);
  });

  it("says everything of a worker put together by hand", () => {
    assert.deepEqual(workerArguments({ definition, named: false, url: "file:/q.db" }), ["--url", "file:/q.db", "worker", "orders", "refunds", "--name", "billing", "--handler", "/a folder/handle.ts", "--group", "billing"]);
  });

  it("takes exactly one message when that is debugged", () => {
    assert.deepEqual(workerArguments({ definition, named: true, url: "file:/q.db", messageId: "m1-2", group: "audit" }).slice(-4), ["--group", "audit", "--message", "m1-2"]);
  });
});

describe("the Node.js of a worker", () => {
  it("must have a SQLite that is safe for many writers", () => {
    const versions = ["v20.20.2", "v22.22.2", "v22.22.3", "v23.9.0", "v24.14.9", "v24.15.0", "v25.8.0", "v25.9.0", "v26.0.0"];
    assert.deepEqual(versions.filter(isNewEnough), ["v22.22.3", "v24.15.0", "v25.9.0", "v26.0.0"]);
  });

  it("is the one of the settings, and a wrong setting is an error that names it", async () => {
    assert.equal((await findRuntime(process.cwd(), process.execPath)).executable, process.execPath);
    await assert.rejects(findRuntime(process.cwd(), "/no/such/node"), /queuescope\.nodePath/);
  });

  it("is one that is new enough when nothing is set", async () => {
    const { version } = await findRuntime(process.cwd(), "");
    assert.ok(isNewEnough(version));
  });
});

describe("the place of a CodeLens", () => {
  it("is the line of the handler", () => {
    assert.equal(handlerLine("import x from 'x';\n\nexport default async function handle() {}\n"), 2);
    assert.equal(handlerLine("export const other = 1;\nexport async function handler() {}\nexport default {};\n"), 1);
    assert.equal(handlerLine("const a = 1;\nmodule.exports = () => a;\n"), 1);
    assert.equal(handlerLine("print('python')\n"), 0);
  });
});
