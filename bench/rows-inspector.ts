/** The inspector's page in a real Chromium, on a local file that `dist/cli.js dashboard` serves. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { openLocal } from "../src/brokers/local/index.ts";
import type { Broker } from "../src/core/index.ts";
import { launchBrowser } from "../scripts/vscode/browser.ts";
import { DashboardProcess } from "../test/support/dashboard-page.ts";
import { pushSteadily } from "../test/support/pushing.ts";
import { type Bench, high, type Measurement, median, million, percentile, type Scenario, type Settings } from "./harness.ts";
import { fill, QUEUE } from "./ours.ts";

const PER_SECOND = 5000;

/** Times each frame from now on; `stop` answers them in milliseconds. */
const WATCH_FRAMES = `(() => {
  const frames = [];
  let last;
  let on = true;
  const tick = (now) => {
    if (last !== undefined) frames.push(now - last);
    last = now;
    if (on) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  globalThis.stopWatching = () => { on = false; return frames; };
})()`;

/** Shows the queue, from another place; answers how long its first rows took to be drawn. */
const FIRST_PAGE = `new Promise((resolve) => {
  const start = performance.now();
  location.hash = "#/queue/${QUEUE}";
  const look = () => {
    if (document.querySelector('[role="tabpanel"] [role="row"][aria-rowindex="20"]') === null) requestAnimationFrame(look);
    else requestAnimationFrame(() => resolve(performance.now() - start));
  };
  look();
})`;

/** Down the table for some seconds, as a wheel that is never let go of. */
const SCROLL = `new Promise((resolve) => {
  const table = document.querySelector('[role="tabpanel"] [role="grid"]');
  const end = performance.now() + 5000;
  const step = () => {
    table.scrollTop += 120;
    if (performance.now() < end) requestAnimationFrame(step);
    else resolve();
  };
  step();
})`;

async function framesDuring(page: Page, act: () => Promise<unknown>): Promise<number[]> {
  await page.evaluate(WATCH_FRAMES);
  await act();
  return page.evaluate<number[]>("stopWatching()");
}

async function firstPages(page: Page, rounds: number): Promise<Measurement> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await page.evaluate("location.hash = '#/'");
    await page.getByRole("grid", { name: "Queues" }).waitFor();
    times.push(await page.evaluate<number>(FIRST_PAGE));
  }
  return { value: median(times), note: `worst ${high(times).toFixed(0)} ms` };
}

/** What most frames take, and the worst one. */
function frameRows(frames: readonly number[]): readonly Measurement[] {
  return [
    { value: percentile(frames, 90), note: `median ${median(frames).toFixed(1)} ms of ${frames.length} frames` },
    { value: high(frames), note: `${frames.filter((frame) => frame > 50).length} over 50 ms` },
  ];
}

async function open(bench: Bench, broker: Broker, file: string): Promise<Page> {
  await broker.queues.create(QUEUE);
  await broker.messages.pop(QUEUE);
  await fill(broker, million(bench.settings), "mixed");
  const server = await DashboardProcess.start(dirname(dirname(file)));
  bench.after(() => server[Symbol.asyncDispose]());
  const browser = await launchBrowser();
  bench.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(server.url);
  await page.getByRole("grid", { name: "Queues" }).waitFor();
  return page;
}

const shown = (settings: Settings): string => `${million(settings).toLocaleString("en")} messages`;

const inspector: Scenario = {
  rows: [
    { name: "inspector-first-page", what: (settings) => `a queue of ${shown(settings)} is opened until its first rows are drawn`, unit: "ms", floor: { atMost: 100 } },
    { name: "inspector-scroll", what: (settings) => `9 of 10 frames while scrolling through ${shown(settings)}`, unit: "ms", floor: { atMost: 17 } },
    { name: "inspector-scroll-worst", what: "the worst of these frames", unit: "ms", floor: { atMost: 50 } },
    { name: "inspector-live", what: `9 of 10 frames while ${PER_SECOND.toLocaleString("en")} messages a second arrive in the live tail`, unit: "ms", floor: { atMost: 17 } },
    { name: "inspector-live-worst", what: "the worst of these frames", unit: "ms", floor: { atMost: 50 } },
  ],
  async measure(bench) {
    const file = join(dirname(bench.file("x")), ".queuescope", "queues.db");
    mkdirSync(dirname(file));
    const broker = await openLocal(file);
    bench.after(() => broker.close());
    const page = await open(bench, broker, file);
    const first = await firstPages(page, bench.settings.rounds);
    const scrolled = await framesDuring(page, () => page.evaluate(SCROLL));
    await page.getByRole("button", { name: "Live" }).click();
    await page.getByText("0 messages came").waitFor();
    const messages = PER_SECOND * 5;
    const live = await framesDuring(page, async () => {
      await pushSteadily(broker, { queue: QUEUE, perSecond: PER_SECOND, messages });
      await page.getByText(`${messages.toLocaleString("en")} messages came`).waitFor({ timeout: 120_000 });
    });
    return [first, ...frameRows(scrolled), ...frameRows(live)];
  },
};

export const inspectorScenarios: readonly Scenario[] = [inspector];
