import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { DashboardProcess } from "../support/dashboard-page.ts";
import { queuescope } from "./support/cli.ts";

let folder: string;
let server: DashboardProcess;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "queuescope-access-"));
  await queuescope(folder, "push", "orders", '{"id":1}');
  server = await DashboardProcess.start(folder);
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Unlike fetch, this lets Host and Origin be whatever an attacker makes them. */
function ask(path: string, { method = "GET", headers = {} }: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(`${server.origin}${path}`, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString("utf8") }); });
    });
    asked.on("error", reject).end();
  });
}

/** The status that a socket is refused with; 101: it was opened. */
function connect(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${server.origin.replace("http", "ws")}${path}`, { headers });
    socket.on("open", () => {
      socket.terminate();
      resolve(101);
    });
    socket.on("unexpected-response", (_request, { statusCode }) => { resolve(statusCode ?? 0); });
    socket.on("error", (error) => { if (!error.message.includes("Unexpected server response")) reject(error); });
  });
}

async function comeIn(): Promise<string> {
  const { pathname, search } = new URL(server.url);
  const { headers } = await ask(pathname + search);
  return headers["set-cookie"]?.[0] ?? "";
}

const cookieOf = (setCookie: string): string => setCookie.split(";")[0] ?? "";

describe("access to the dashboard", () => {
  it("lets nobody in who doesn't know the token, and says what to do", async () => {
    for (const path of ["/", "/inspector.js", "/queuescope.svg", "/?token=", "/?token=guessed", `/inspector.js${new URL(server.url).search}`]) {
      const { status, body } = await ask(path);
      assert.equal(status, 401, path);
      assert.match(body, /whole address that <code>queuescope dashboard<\/code> printed/);
    }
    assert.equal(await connect("/channel", { Origin: server.origin }), 401);
    assert.equal(await connect(`/channel${new URL(server.url).search}`, { Origin: server.origin }), 401);
    assert.equal((await ask("/", { headers: { Cookie: `queuescope-${new URL(server.url).port}=guessed` } })).status, 401);
  });

  it("exchanges the token for a cookie that no script and no other site gets", async () => {
    const cookie = await comeIn();
    assert.match(cookie, /^queuescope-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    assert.doesNotMatch(cookie, new RegExp(new URL(server.url).searchParams.get("token") ?? "no token"));
    assert.equal((await ask("/", { headers: { Cookie: cookieOf(cookie) } })).status, 200);
    assert.equal(await connect("/channel", { Origin: server.origin, Cookie: `other=1; ${cookieOf(cookie)}` }), 101);
  });

  it("answers under no name that another machine can have, even to who knows the token", async () => {
    const cookie = cookieOf(await comeIn());
    const { search } = new URL(server.url);
    for (const host of ["attacker.example", "attacker.example:80", "127.0.0.1.attacker.example", "localhost.attacker.example", "0.0.0.0"]) {
      assert.equal((await ask(`/${search}`, { headers: { Host: host } })).status, 403, `token at ${host}`);
      assert.equal((await ask("/", { headers: { Host: host, Cookie: cookie } })).status, 403, `cookie at ${host}`);
      assert.equal(await connect("/channel", { Host: host, Origin: `http://${host}`, Cookie: cookie }), 403, `socket at ${host}`);
    }
    const forwarded = "localhost:9999";
    assert.equal((await ask("/", { headers: { Host: forwarded, Cookie: cookie } })).status, 200, "a forwarded port works");
  });

  it("opens no socket and takes no file for another site's page, nor for one on another port", async () => {
    const cookie = cookieOf(await comeIn());
    for (const origin of ["http://attacker.example", "http://127.0.0.1:1", `https://${new URL(server.url).host}`, "null"]) {
      assert.equal(await connect("/channel", { Origin: origin, Cookie: cookie }), 403, origin);
      assert.equal((await ask("/transfer/anything", { method: "PUT", headers: { Origin: origin, Cookie: cookie } })).status, 403, origin);
    }
    assert.equal(await connect("/channel", { Cookie: cookie }), 403, "a browser always says whose page it is");
    assert.equal(await connect("/other", { Origin: server.origin, Cookie: cookie }), 404);
  });

  it("serves its own files and nothing else, keeps nothing in a cache, and lets nothing in from outside", async () => {
    const cookie = cookieOf(await comeIn());
    const page = await ask("/", { headers: { Cookie: cookie } });
    assert.equal(page.headers["cache-control"], "no-store");
    assert.equal(page.headers["x-content-type-options"], "nosniff");
    assert.equal(page.headers["referrer-policy"], "no-referrer");
    const policy = String(page.headers["content-security-policy"]);
    assert.match(policy, /^default-src 'none';/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    for (const path of ["/package.json", "/../package.json", "/%2e%2e/package.json", "/inspector.js.map", "//127.0.0.1/x", "/transfer/", "/transfer/guessed"]) {
      assert.equal((await ask(path, { headers: { Cookie: cookie } })).status, 404, path);
    }
    assert.equal((await ask("/", { method: "POST", headers: { Cookie: cookie } })).status, 405);
  });

  it("names a port that is taken, and ends cleanly at Ctrl-C with a page connected", async () => {
    const second = await DashboardProcess.start(folder);
    const { port, search } = new URL(second.url);
    await assert.rejects(DashboardProcess.start(folder, ["--port", port]), new RegExp(`Port ${port} of 127.0.0.1 is taken by another program. Choose another one with --port`));
    const entered = await fetch(`${second.origin}/${search}`);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/channel`, { headers: { Origin: second.origin, Cookie: cookieOf(entered.headers.get("set-cookie") ?? "") } });
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    assert.equal(await second.stop(), 130);
    assert.equal(await closed, 1001);
  });
});
