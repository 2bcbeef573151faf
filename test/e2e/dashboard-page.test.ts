import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { connect } from "../../src/client/index.ts";
import { DashboardProcess, fillFrom, openDashboard } from "../support/dashboard-page.ts";
import { startProxy } from "../support/proxy.ts";
import { pushSteadily } from "../support/pushing.ts";
import { queuescope } from "./support/cli.ts";

let sample: string;
before(async () => {
  sample = await mkdtemp(join(tmpdir(), "queuescope-sample-"));
  await fillSample(sample);
});
after(() => rm(sample, { recursive: true, force: true, maxRetries: 5 }));

describe("the dashboard's page", () => {
  it("takes the token out of the address, and shows after a reload what it showed", async () => {
    await using session = await openDashboard({ name: "reload", fill: fillFrom(sample) });
    const { step, page } = session;
    assert.equal(page.url(), `${session.server.origin}/`);
    await step("a tab of a queue", async (dashboard) => {
      await dashboard.openQueue("orders");
      await dashboard.show("Groups");
    });
    await step("the same after a reload", async (dashboard) => {
      await page.reload();
      await dashboard.heading("orders").waitFor();
      await page.getByRole("tabpanel", { name: "Groups" }).waitFor();
    });
    await step("the browser's own Back leads to the list", async (dashboard) => {
      await page.goBack();
      await dashboard.row("shipments").waitFor();
    });
    assert.deepEqual(session.problems, []);
  });

  it("keeps its header current where the queue changes faster than it can be read", async () => {
    await using session = await openDashboard({ name: "slow-way", fill: fillFrom(sample) });
    const { step, page, folder } = session;
    // Every word of the host takes longer than it is until the next change.
    await page.routeWebSocket(/.*/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => { server.send(message); });
      server.onMessage((message) => { setTimeout(() => { socket.send(message); }, 800); });
    });
    await step("reached over a slow way", async (dashboard) => {
      await page.reload();
      await dashboard.openQueue("shipments");
    });
    await using queues = await connect({ cwd: folder });
    const stop = new AbortController();
    const pushing = pushSteadily(queues.broker, { queue: "shipments", perSecond: 20, messages: 100_000, signal: stop.signal });
    await step("the count goes up meanwhile", async () => {
      await page.locator(".count", { hasText: "ready" }).filter({ hasText: /^[4-9]\d|^\d{3,}/ }).waitFor();
    });
    stop.abort();
    await pushing;
  });

  it("says when the connection is lost, connects by itself, and shows what it missed", async () => {
    await using session = await openDashboard({ name: "connection", fill: fillFrom(sample) });
    const { step, page, folder } = session;
    await using proxy = await startProxy(session.server.origin);
    await step("reached through another port", async (dashboard) => {
      await page.goto(session.url.replace(session.server.origin, proxy.url));
      await dashboard.openQueue("shipments");
    });
    await step("the connection is lost", async (dashboard) => {
      proxy.cut();
      await dashboard.status.getByText("can't be reached").waitFor();
    });
    await queuescope(folder, "push", "shipments", '{"order":"missed"}');
    await step("it is back, with what was pushed meanwhile", async (dashboard) => {
      proxy.restore();
      await dashboard.status.waitFor({ state: "detached" });
      await dashboard.row("missed").waitFor();
    });
  });

  it("says that a dashboard which was started again has another address", async () => {
    await using session = await openDashboard({ name: "restarted", fill: fillFrom(sample) });
    const { step, folder, server } = session;
    await server.stop();
    await using again = await DashboardProcess.start(folder, ["--port", new URL(server.url).port]);
    await step("the old page says so", async (dashboard) => { await dashboard.status.getByText("open the address that it printed").waitFor(); });
    await step("the new address works in the same browser", async (dashboard) => {
      await session.page.goto(again.url);
      await dashboard.row("shipments").waitFor();
    });
  });

  it("follows the machine's colours and contrast until a theme is chosen", async () => {
    await using session = await openDashboard({ name: "themes", fill: fillFrom(sample), browser: { colorScheme: "dark" } });
    const { step, page } = session;
    const theme = (): Promise<string | null> => page.locator("html").getAttribute("data-theme");
    const expectTheme = async (wanted: string): Promise<void> => { await page.locator(`html[data-theme="${wanted}"]`).waitFor({ state: "attached" }); };
    await step("dark", () => expectTheme("dark"));
    await step("light", async () => {
      await page.emulateMedia({ colorScheme: "light" });
      await expectTheme("light");
    });
    await step("more contrast, light", async () => {
      await page.emulateMedia({ colorScheme: "light", contrast: "more" });
      await expectTheme("hc-light");
    });
    await step("more contrast, dark", async () => {
      await page.emulateMedia({ colorScheme: "dark", contrast: "more" });
      await expectTheme("hc-dark");
    });
    await step("chosen by hand", async (dashboard) => {
      await page.getByRole("navigation", { name: "Dashboard" }).locator("vscode-single-select").click();
      await page.getByRole("option", { name: "Light", exact: true }).click();
      await expectTheme("light");
      await page.reload();
      await dashboard.ready();
      assert.equal(await theme(), "light");
    });
  });

  it("changes nothing on a read-only connection", async () => {
    await using session = await openDashboard({ name: "read-only", fill: fillFrom(sample), args: ["--read-only"] });
    const { step, page, problems } = session;
    await step("it says so", async (dashboard) => {
      await page.getByText("read-only").waitFor();
      await dashboard.openQueue("orders");
      await page.getByText("read-only").waitFor();
      await dashboard.button("Pause the queue").waitFor({ state: "detached" });
    });
    assert.deepEqual(problems, []);
  });
});
