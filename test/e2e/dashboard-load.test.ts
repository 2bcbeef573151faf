import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Page } from "playwright-core";
import { connect } from "../../src/client/index.ts";
import { openDashboard } from "../support/dashboard-page.ts";
import { pushSteadily } from "../support/pushing.ts";

const LOAD = { queue: "busy", perSecond: 5000, messages: 40_000 };
const MB = 1024 * 1024;

interface Tailed {
  readonly type: string;
  readonly value?: { readonly rows?: readonly { readonly id: string }[]; readonly cursor?: unknown };
}

/** Ids of the rows that the page was sent while it followed, in order. */
function listenToTail(page: Page): readonly string[] {
  const ids: string[] = [];
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      const { type, value } = JSON.parse(payload.toString()) as Tailed;
      if (type === "result" && value?.rows !== undefined && value.cursor !== undefined) ids.push(...value.rows.map(({ id }) => id));
    });
  });
  return ids;
}

/** Bytes that live in the page after its garbage is gone. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}

describe("live tail under load", () => {
  it("shows 5,000 messages a second: none twice, none missed, in bounded memory", async () => {
    await using session = await openDashboard({
      name: "load",
      fill: async (folder) => {
        await using queues = await connect(join(folder, ".queuescope", "queues.db"));
        await queues.queue("busy").push({ n: -1 });
      },
    });
    const { step, page, folder } = session;
    const received = listenToTail(page);
    await using queues = await connect(join(folder, ".queuescope", "queues.db"));
    await page.reload();
    await step("live", async (dashboard) => {
      await dashboard.openQueue("busy");
      await dashboard.button("Live").click();
      await page.getByText("0 messages came").waitFor();
    });
    let pushed: readonly string[] = [];
    await step("all came", async () => {
      pushed = await pushSteadily(queues.broker, LOAD);
      await page.getByText("40,000 messages came").waitFor({ timeout: 120_000 });
    });
    assert.deepEqual([...received], [...pushed]);
    await step("what isn't kept is said, and the latest is in sight", async (dashboard) => {
      await page.getByText("30,000 older ones aren't shown any more: the latest 10,000 are kept.").waitFor();
      await dashboard.row(`{"n":${LOAD.messages - 1}}`).waitFor();
    });
    const grid = page.getByRole("tabpanel").getByRole("grid");
    assert.equal(await grid.getAttribute("aria-rowcount"), String(10_000 + 1));
    assert.ok((await grid.getByRole("row").count()) < 200, "only rows near what is seen are drawn");

    const before = await heapOf(page);
    await step("as many again", async () => {
      await pushSteadily(queues.broker, LOAD);
      await page.getByText("80,000 messages came").waitFor({ timeout: 120_000 });
    });
    const grown = (await heapOf(page)) - before;
    assert.ok(grown < 10 * MB, `the page took ${(grown / MB).toFixed(1)} MB more for as many messages again`);
    await step("a pause misses nothing", async (dashboard) => {
      await dashboard.button("Pause").last().click();
      await pushSteadily(queues.broker, { ...LOAD, messages: 1000 });
      await dashboard.button("Go on").click();
      await page.getByText("81,000 messages came").waitFor();
    });
    assert.equal(new Set(received).size, received.length);
    assert.deepEqual(session.problems, []);
  });
});
