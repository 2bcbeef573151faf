import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { WebSocket } from "ws";
import { connect } from "../../src/client/index.ts";
import { METHODS, type MethodName } from "../../src/protocol/index.ts";
import { nearlyFitting } from "../support/arbitrary.ts";
import { DashboardProcess, openDashboard } from "../support/dashboard-page.ts";
import { until } from "../support/until.ts";
import { queuescope } from "./support/cli.ts";

describe("a hostile page on the dashboard's socket", () => {
  let folder: string;
  let server: DashboardProcess;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "queuescope-hostile-"));
    await queuescope(folder, "push", "orders", '{"id":1}');
    server = await DashboardProcess.start(folder);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  async function openSocket(): Promise<{ readonly socket: WebSocket; readonly answers: Map<number, { readonly error?: { readonly code: string } }>; readonly closed: Promise<number> }> {
    const entered = await fetch(server.url);
    const cookie = (entered.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const socket = new WebSocket(`${server.origin.replace("http", "ws")}/channel`, { headers: { Origin: server.origin, Cookie: cookie } });
    const answers = new Map<number, { readonly error?: { readonly code: string } }>();
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString("utf8")) as { readonly type: string; readonly id: number; readonly error?: { readonly code: string } };
      if (message.type === "result" || message.type === "error") answers.set(message.id, message);
    });
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.on("open", resolve));
    return { socket, answers, closed };
  }

  const state = async (): Promise<string> => JSON.stringify([await queuescope(folder, "queue", "list"), await queuescope(folder, "peek", "orders", "--limit", "1000")]);

  it("is answered or dropped, whatever it sends, and changes nothing", async () => {
    const before = await state();
    const { socket, answers } = await openSocket();
    const calls: string[] = [];
    for (const text of ["", "null", "{", "[".repeat(100_000), `{"type":"call","id":1,"method":"queue.get","params":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, '{"__proto__":{"type":"call"}}', JSON.stringify({ type: "call", id: 2, method: "queue.pause", params: { queue: "orders", paused: "x".repeat(10_000_000) } }), "x".repeat(10_000_000)]) socket.send(text);
    socket.send(Buffer.from(JSON.stringify({ type: "call", id: 3, method: "queue.pause", params: { queue: "orders", paused: true } })));
    const methods = Object.keys(METHODS) as MethodName[];
    fc.assert(fc.property(fc.constantFrom(...methods).chain((method) => nearlyFitting(METHODS[method].params, ["orders"]).map((params) => ({ method, params }))), (call) => {
      calls.push(JSON.stringify({ type: "call", id: 100 + calls.length, ...call }));
    }), { numRuns: 3000 });
    for (const call of calls) socket.send(call);
    socket.send(JSON.stringify({ type: "call", id: 99, method: "nonsense".repeat(100), params: {} }));
    await until("an answer to each call", () => calls.every((_call, n) => answers.has(100 + n)), 60);
    assert.deepEqual([...new Set([...answers].flatMap(([id, { error }]) => (id >= 100 ? [error?.code] : [])))].filter((code) => code !== "busy"), ["invalid-input"]);
    assert.equal(answers.get(1)?.error?.code, "invalid-input");
    assert.equal(answers.get(2)?.error?.code, "invalid-input");
    assert.equal(answers.has(3), false, "bytes are no message of the protocol");
    socket.terminate();
    assert.equal(await state(), before);
  });

  it("is cut off by a message larger than any, by text that isn't UTF-8, and by frames that are none, and others aren't", async () => {
    const good = await openSocket();
    const large = await openSocket();
    large.socket.send(Buffer.alloc(129 * 1024 * 1024));
    assert.equal(await large.closed, 1009);
    const broken = await openSocket();
    broken.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    assert.equal(await broken.closed, 1007);
    const raw = await openSocket();
    (raw.socket as unknown as { readonly _socket: { write(bytes: Buffer): void } })._socket.write(Buffer.alloc(1000, 0xff));
    await raw.closed;
    good.socket.send(JSON.stringify({ type: "call", id: 1, method: "queue.get", params: { queue: "orders" } }));
    await until("the answer to who behaves", () => good.answers.has(1));
    good.socket.terminate();
  });

  it("that asks and never reads is asked to wait, not served from memory without end", async () => {
    const { socket } = await openSocket();
    const connection = await connect(join(folder, ".queuescope", "queues.db"));
    const [pushed] = await connection.broker.messages.push("large", [{ payload: { encoding: "text", bytes: new Uint8Array(8 * 1024 * 1024).fill(120) } }]);
    assert.ok(pushed !== undefined && "id" in pushed);
    await connection.close();
    socket.pause();
    for (let id = 0; id < 2000; id++) socket.send(JSON.stringify({ type: "call", id, method: "messages.content", params: { id: pushed.id } }));
    // Whoever comes meanwhile is served.
    const other = await openSocket();
    other.socket.send(JSON.stringify({ type: "call", id: 1, method: "queue.get", params: { queue: "orders" } }));
    await until("the answer to another page", () => other.answers.has(1), 60);
    const { rss } = await memoryOf(server.pid);
    assert.ok(rss < 1500 * 1024 * 1024, `the process takes ${Math.round(rss / 1024 / 1024)} MB`);
    socket.terminate();
    other.socket.terminate();
  });
});

/** Would set a flag if anything of it ran. */
const RUN = "globalThis.pwned = true";
const HTML = [
  `<img src=x onerror="${RUN}">`,
  `<script>${RUN}</script>`,
  `"><svg onload="${RUN}">`,
  `'><iframe srcdoc="<script>parent.pwned = true</script>">`,
  `javascript:${RUN}`,
  `<a href="javascript:${RUN}" autofocus onfocus="${RUN}">x</a>`,
  `{{constructor.constructor('${RUN}')()}} \${${RUN}}`,
  `<style>* { display: none !important }</style><base href="http://attacker.example/">`,
  `</textarea></pre></code><form action="http://attacker.example"><button autofocus onfocus="${RUN}">`,
];
const CONFUSING = ["\u202Eevil\u202C \u2066\u2069 \u200B", "\u001b[2J\u001b[31mANSI\u001b]0;title\u0007\u001b]8;;http://attacker.example\u0007", "a\u0000b\uFEFF\uFFFE", "Z\u0351\u036B\u0343".repeat(200), "\uD83D\uDE00".repeat(1000), "x".repeat(5000)];

async function fillHostile(folder: string): Promise<void> {
  await using queues = await connect(join(folder, ".queuescope", "queues.db"));
  await queues.broker.queues.create("hostile", { retryLimit: 0, trace: "all" });
  const queue = queues.queue("hostile");
  for (const text of [...HTML, ...CONFUSING]) {
    const partition = text.slice(0, 100).replaceAll(/\p{C}/gu, "");
    const headers = { "x-text": text.replaceAll(/\p{C}/gu, " "), [text.replaceAll(/[^\w-]/g, "").slice(0, 100) || "x"]: text.replaceAll(/\p{C}/gu, " ") };
    await queues.broker.messages.push("hostile", [{ payload: { encoding: "json", bytes: Buffer.from(JSON.stringify({ [text]: [text, { text }] })) }, partition, headers }]);
    await queue.push(text);
  }
  const payloads = [
    { encoding: "json", bytes: Buffer.from(`${"[".repeat(10_000)}"deep"${"]".repeat(10_000)}`) },
    { encoding: "json", bytes: Buffer.from(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`) },
    { encoding: "json", bytes: Buffer.from('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1,"lone":"\\ud800"}') },
    { encoding: "json", bytes: Buffer.from(JSON.stringify("<b>large</b> ".repeat(800_000))) },
    { encoding: "text", bytes: Buffer.alloc(10_000_000, "y") },
    { encoding: "text", bytes: Buffer.from("line\n".repeat(500_000)) },
    { encoding: "bytes", bytes: Buffer.from([0xed, 0xa0, 0x80, 0xff, 0xfe, 0x00, ...Buffer.from("<script>pwned=1</script>")]) },
    { encoding: "bytes", bytes: Buffer.alloc(10_000_000, 0xff) },
  ] as const;
  for (const payload of payloads) await queues.broker.messages.push("hostile", [{ payload }]);
  // Dead letters with errors as hostile as their payloads, and a message that was traced under such names.
  for (const text of [...HTML, ...CONFUSING]) {
    const [message] = await queues.broker.messages.pop("hostile", { group: text.replaceAll(/[^\w-]/g, "").slice(0, 20) || "group", worker: text.slice(0, 100).replaceAll(/\p{C}/gu, "") });
    if (message?.receipt == null) continue;
    await queues.dead(message.receipt, { error: Object.assign(new Error(text), { stack: `${text}\n    at ${text} (${text}:1:1)` }) });
  }
}

describe("a queue full of hostile messages", () => {
  it("runs nothing and hangs nothing, in any tab", async () => {
    await using session = await openDashboard({ name: "hostile", fill: fillHostile });
    const { step, page, problems } = session;
    const unharmed = async (): Promise<void> => {
      assert.equal(await page.evaluate("globalThis.pwned === undefined && document.body.checkVisibility() && ({}).polluted === undefined"), true);
      // A frame is drawn: nothing holds the page up.
      await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
      assert.equal(new URL(page.url()).origin, session.server.origin);
    };
    await step("the list", unharmed);
    await step("the queue", async (dashboard) => {
      await dashboard.openQueue("hostile");
      await dashboard.settled();
      await unharmed();
    });
    for (const tab of ["Messages", "Dead Letters", "Groups", "Pop", "Traces", "Metrics", "Push"]) {
      await step(tab, async (dashboard) => {
        await dashboard.show(tab);
        await dashboard.settled();
        await unharmed();
      });
      const grids = await page.getByRole("tabpanel").getByRole("grid").count();
      for (let grid = 0; grid < grids; grid++) {
        await step(`${tab}, each row of table ${grid + 1}`, async (dashboard) => {
          const table = page.getByRole("tabpanel").getByRole("grid").nth(grid);
          await table.focus();
          await page.keyboard.press("Home");
          for (let row = 0; row < 45; row++) {
            await page.keyboard.press("Enter");
            await dashboard.settled();
            await unharmed();
            if (await dashboard.dialog.isVisible()) await page.keyboard.press("Escape");
            await table.focus();
            await page.keyboard.press("ArrowDown");
          }
        });
      }
    }
    assert.deepEqual(problems, []);
  });
});

/** Of a process on Linux; elsewhere nothing is known. */
async function memoryOf(pid: number | undefined): Promise<{ readonly rss: number }> {
  const text = await readFile(`/proc/${pid ?? 0}/status`, "utf8").catch(() => "");
  return { rss: Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024 };
}
