import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { connect } from "@nats-io/transport-node";
import { findNats } from "../../scripts/nats-servers.ts";
import { ForeignWorld, naqPickle } from "../support/foreign.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { queuescopeWith } from "./support/cli.ts";
import { openSession } from "./support/session.ts";
import { until } from "./support/until.ts";

const PASSWORD = "pa55-word";
const USER = { user: "ada", pass: PASSWORD };

/** Fails until somebody mends what was wrong. */
const HANDLER = `
import { existsSync } from "node:fs";
export default async function handle(message) {
  if (message.data.poison && !existsSync("mended")) throw new Error("the card was declined");
}
`;

async function fill(folder: string): Promise<void> {
  await mkdir(join(folder, "handlers"));
  await writeFile(join(folder, "handlers", "charge.mjs"), HANDLER);
}

describe("NATS in the editor", { skip: natsSkip() }, () => {
  it("is added by a command, and everything of the sidebar works on it", async () => {
    await using server = await startNatsServer({ config: `authorization: { user: ada, password: "${PASSWORD}" }` });
    const login = { QUEUESCOPE_URL: `nats://ada@127.0.0.1:${server.port}`, QUEUESCOPE_CREDENTIALS: PASSWORD };
    const nats = await connect({ servers: server.url, ...USER });
    await nats.request("$JS.API.STREAM.CREATE.EVENTS", JSON.stringify({ name: "EVENTS", subjects: ["events.>"] }));
    await nats.request("events.signup", '{"name":"Grace"}');
    await using session = await openSession({ name: "nats", prepare: fill });
    const { step, folder } = session;

    await step("a wrong password is said, with a way to change it", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.quickInput.runCommand("Queuescope: Add Connection…");
      await workbench.quickInput.pick("Where is NATS?", "URL…");
      await workbench.quickInput.answer("URL of NATS", `nats://ada:wrong@127.0.0.1:${server.port}`);
      await workbench.notification("Change…").waitFor();
    });

    await step("with the right one it is stored for the workspace, without its password", async ({ notification, quickInput, queues }) => {
      await notification("Change…").getByRole("button", { name: "Change…" }).click();
      await quickInput.answer("URL of NATS", `nats://ada:${PASSWORD}@127.0.0.1:${server.port}`);
      await quickInput.answer("It works", "hub");
      await quickInput.pick("Who is it for?", "This workspace");
      await queues.row("my shop: hub").waitFor();
      const file = await until("queuescope.json", () => readFile(join(folder, "queuescope.json"), "utf8").catch(() => undefined));
      assert.deepEqual(JSON.parse(file), { connections: { hub: { url: `nats://ada@127.0.0.1:${server.port}`, credentials: { secret: "hub" } } } });
    });

    await step("queues that another process makes are seen", async ({ queues }) => {
      await queuescopeWith(login, folder, "queue", "create", "orders", "--set", "retryLimit=0");
      await queues.row("orders", "empty").waitFor();
    });

    await step("a message is pushed from the palette", async ({ quickInput, queues }) => {
      await quickInput.runCommand("Queuescope: Push Message…");
      await quickInput.pick("type a new name", "orders");
      await quickInput.answer("The message, as JSON", '{ "id": 1 }');
      await queues.row("orders", "1 ready").waitFor();
    });

    await step("it is popped here, and released", async ({ queues }) => {
      await queues.press(queues.row("orders"), "Pop Message");
      await queues.row("orders", "1 leased").waitFor();
      const row = queues.rowDescribed("until ");
      await queues.press(row, "Release");
      await queues.row("orders", "1 ready").waitFor();
    });

    await step("peeking shows it in an editor", async ({ queues, editor }) => {
      await queues.choose(queues.row("orders"), "Peek Messages");
      await editor.shows('"state": "ready"');
    });

    await step("a worker in a terminal takes it, with a login that stands on no command line", async ({ queues, quickInput, terminal, workers }) => {
      await queues.choose(queues.row("orders"), "Start Worker…");
      await quickInput.pick("Handler of orders", "charge.mjs");
      await terminal.shows("completed id=");
      await queues.row("orders", "empty").waitFor();
      await workers.row("orders charge.mjs").waitFor();
      assert.ok(!(await commandLines()).some((line) => line.includes("charge.mjs") && (line.includes(PASSWORD) || line.includes(String(server.port)))));
    });

    await step("what fails is among the dead letters", async ({ deadLetters }) => {
      await queuescopeWith(login, folder, "push", "orders", '{"id":2,"poison":true}');
      await deadLetters.rowHolding("the card was declined").waitFor();
    });

    await step("and is redriven, once it is mended", async ({ deadLetters, queues }) => {
      await writeFile(join(folder, "mended"), "");
      await deadLetters.press(deadLetters.rowHolding("the card was declined"), "Redrive");
      await deadLetters.welcome.getByText("No dead letters.").waitFor();
      await queues.row("orders", "empty").waitFor();
    });

    await step("streams of others are looked at", async ({ queues, editor }) => {
      await queues.expand("Streams");
      await queues.row("EVENTS", "1 message").waitFor();
      await queues.expand("EVENTS");
      await queues.expand("Latest Messages");
      await queues.row("events.signup").click();
      await editor.shows('"name": "Grace"');
    });

    await step("a tap shows what goes by", async ({ quickInput, taps }) => {
      await quickInput.runCommand("Queuescope: Start Tap…");
      await quickInput.answer("Subjects, with blanks", "weather.>");
      await quickInput.answer("Queue group", "");
      await taps.row("weather.>", "0 heard").waitFor();
      nats.publish("weather.turin", '{"sky":"clear"}');
      await taps.row("weather.turin", "clear").waitFor();
    });

    await step("also what is published from here", async ({ quickInput, taps, editor }) => {
      await quickInput.runCommand("Queuescope: Publish to Subject…");
      await quickInput.answer("Subject", "weather.oslo");
      await quickInput.answer("What to publish on weather.oslo", '{"sky":"snow"}');
      await taps.row("weather.>", "2 heard").waitFor();
      await taps.row("weather.oslo").click();
      await editor.shows('"sky": "snow"');
    });

    await step("its arrivals are saved into a queue", async ({ quickInput, taps, queues }) => {
      await taps.press(taps.row("weather.>"), "Save Arrivals");
      await quickInput.asking("type a new name");
      await quickInput.input.fill("forecasts");
      await quickInput.option("forecasts").click();
      await queues.row("forecasts", "2 ready").waitFor();
    });

    await step("a tap goes straight into a queue, of another place if need be", async ({ quickInput, taps, queues }) => {
      await quickInput.runCommand("Queuescope: Tap into Queue…");
      await quickInput.answer("Subjects, with blanks", "meters.>");
      await quickInput.answer("Queue group", "");
      await quickInput.asking("type a new name");
      await quickInput.input.fill("readings");
      await quickInput.option("readings").click();
      await quickInput.pick("Is the order", "In order by subject");
      await taps.row("meters.>", "0 pushed to readings").waitFor();
      nats.publish("meters.north", '{"kWh":1}');
      nats.publish("meters.north", '{"kWh":2}');
      await taps.row("meters.>", "2 pushed to readings").waitFor();
      await queues.row("readings", "2 ready").waitFor();
      const popped = (await queuescopeWith(login, folder, "pop", "readings", "--batch", "2")) as { partition: string; data: unknown; headers: object }[];
      assert.deepEqual(popped.map(({ partition, data, headers }) => [partition, data, headers]), [1, 2].map((kWh) => ["meters.north", { kWh }, { "Tap-Subject": "meters.north" }]));
    });

    await step("until it is stopped", async ({ taps }) => {
      await taps.press(taps.row("meters.>"), "Stop Tap");
      await taps.row("meters.>", "stopped after 2 pushed to readings").waitFor();
      assert.deepEqual((await taps.actions(taps.row("meters.>"))).map((action) => action.replace(/ \(.*/, "")), ["Remove Tap"]);
      await taps.press(taps.row("meters.>"), "Remove Tap");
      await taps.row("meters.>").waitFor({ state: "hidden" });
    });

    await step("a server that is gone is said to be lost", async ({ queues }) => {
      await server.kill();
      await queues.row("my shop: hub", "connection lost").waitFor();
      await queues.row("Out of reach; it is tried again").waitFor();
    });

    await step("and to be there again, when it is", async ({ queues, taps }) => {
      await server.start();
      await queues.row("forecasts", "2 ready").waitFor();
      await taps.row("weather.>", /^2 heard/).waitFor();
      await nats.close();
      const again = await connect({ servers: server.url, ...USER });
      again.publish("weather.rome", '{"sky":"sun"}');
      await taps.row("weather.rome", "sun").waitFor();
      await again.close();
    });

    await step("it can be disconnected, and connected again", async ({ queues }) => {
      await queues.choose(queues.row("my shop: hub"), "Disconnect");
      await queues.row("my shop: hub", "disconnected").waitFor();
      await queues.press(queues.row("my shop: hub"), "Connect");
      await queues.row("forecasts", "2 ready").waitFor();
    });
  });
});

describe("a NATS of one's own", { skip: natsSkip() }, () => {
  it("comes from a context of the nats CLI for one person, or is started for the folder, and stops with the window", async () => {
    await using server = await startNatsServer({ config: `authorization: { user: ada, password: "${PASSWORD}" }` });
    await using config = await temporaryConfig({ url: server.url, user: "ada", password: PASSWORD, description: "the shop's" });
    const binary = findNats("newest");
    await using session = await openSession({ name: "own-nats", env: { XDG_CONFIG_HOME: config.path, ...("path" in binary ? { QUEUESCOPE_NATS_SERVER: binary.path } : {}) } });
    const { step, folder } = session;

    await step("a context is offered, and kept for this person alone", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.quickInput.runCommand("Queuescope: Add Connection…");
      await workbench.quickInput.pick("Where is NATS?", "shop");
      await workbench.quickInput.answer("It works", "the shop");
      await workbench.quickInput.pick("Who is it for?", "Only me");
      await workbench.queues.row("the shop").waitFor();
      assert.ok(!existsSync(join(folder, "queuescope.json")));
    });

    await step("it is there after a reload of the window", async (workbench) => {
      await workbench.reload();
      await workbench.queues.row("the shop").waitFor();
      await workbench.queues.row("Streams").waitFor();
    });

    await step("it is removed after a question", async (workbench) => {
      await workbench.queues.choose(workbench.queues.row("the shop"), "Remove Connection…");
      await workbench.answerDialog("Remove Connection");
      await workbench.queues.row("the shop").waitFor({ state: "hidden" });
    });

    await step("a local NATS is started, and is in the tree", async ({ quickInput, queues }) => {
      await quickInput.runCommand("Queuescope: Start Local NATS");
      await queues.row("my shop: local NATS").waitFor();
      const [status] = (await queuescopeWith({}, folder, "nats", "status")) as { state: string; url: string }[];
      assert.equal(status?.state, "running");
      await queuescopeWith({ QUEUESCOPE_URL: status.url }, folder, "push", "jobs", '{"id":1}');
      await queues.row("jobs", "1 ready").waitFor();
    });

    await step("queues of other systems on it offer what can be done with them, and say why not the rest", async ({ queues, quickInput, notification }) => {
      const [status] = (await queuescopeWith({}, folder, "nats", "status")) as { url: string }[];
      await using world = await ForeignWorld.open(status?.url ?? "");
      await world.makeNaq();
      await world.store("naq.queue.mails", naqPickle("job"));
      await quickInput.runCommand("Queuescope: Refresh");
      await queues.row("naq:mails", "1 ready").waitFor();
      assert.deepEqual((await queues.actions(queues.row("naq:mails"))).map((action) => action.replace(/ \(.*/, "")), ["Push Message…", "Open Inspector\n[Alt] Open Inspector to the Side"]);
      await quickInput.runCommand("Queuescope: Pop Message");
      await quickInput.pick("Where are the queues?", "my shop: local NATS");
      await quickInput.pick("Queue", "naq:mails");
      await notification("belongs to NAQ").waitFor();
      await notification("belongs to NAQ").hover();
      await notification("belongs to NAQ").locator(".codicon-notifications-clear").click();
    });

    await step("a tap survives a refresh", async ({ quickInput, taps }) => {
      await quickInput.runCommand("Queuescope: Start Tap…");
      await quickInput.answer("Subjects, with blanks", "news.*");
      await quickInput.answer("Queue group", "");
      await taps.row("news.*", "0 heard").waitFor();
      await quickInput.runCommand("Queuescope: Refresh");
      await quickInput.runCommand("Queuescope: Publish to Subject…");
      await quickInput.answer("Subject", "news.today");
      await quickInput.answer("What to publish", "rain");
      await taps.row("news.today", "rain").waitFor();
      await taps.press(taps.row("news.*"), "Stop Tap");
      await taps.row("news.*", "stopped after 1").waitFor();
      await taps.press(taps.row("news.*", "stopped"), "Remove Tap");
      await taps.row("news.*").waitFor({ state: "hidden" });
    });

    await step("so does one that goes into the folder's own file", async ({ quickInput, taps, queues }) => {
      await quickInput.runCommand("Queuescope: Tap into Queue…");
      await quickInput.answer("Subjects, with blanks", "logs.>");
      await quickInput.answer("Queue group", "");
      await quickInput.pick("Where are the queues?", "my shop");
      await quickInput.asking("Name of the new queue");
      await quickInput.input.fill("logbook");
      await quickInput.option("logbook").click();
      await quickInput.pick("Is the order", "No order");
      await taps.row("logs.>", "0 pushed to logbook").waitFor();
      await quickInput.runCommand("Queuescope: Refresh");
      await quickInput.runCommand("Queuescope: Publish to Subject…");
      await quickInput.answer("Subject", "logs.web");
      await quickInput.answer("What to publish", "started");
      await taps.row("logs.>", "1 pushed to logbook").waitFor();
      await queues.row("logbook", "1 ready").waitFor();
    });

    await step("it is stopped", async ({ queues }) => {
      await queues.choose(queues.row("my shop: local NATS"), "Stop Local NATS");
      await queues.row("my shop: local NATS", "disconnected").waitFor();
      await stopped(folder);
    });

    await step("and started again from its row, with what was in it", async ({ queues }) => {
      await queues.press(queues.row("my shop: local NATS"), "Start Local NATS");
      await queues.row("jobs", "1 ready").waitFor();
    });

    await step("it ends when the window does", async (workbench) => {
      await workbench.reload();
      await stopped(folder);
      await workbench.queues.row("my shop: local NATS", "not running").waitFor();
    });
  });
});

async function stopped(folder: string): Promise<void> {
  await until("the local NATS to end", async () => {
    const [status] = (await queuescopeWith({}, folder, "nats", "status")) as { state: string }[];
    return status?.state === "stopped" ? true : undefined;
  });
}

/** A folder of settings in which the nats CLI has one context, `shop`. */
async function temporaryConfig(context: object): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "queuescope-config-"));
  await mkdir(join(path, "nats", "context"), { recursive: true });
  await writeFile(join(path, "nats", "context", "shop.json"), JSON.stringify(context));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** And environments, of every process of this machine that may be read. */
async function commandLines(): Promise<string[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => Promise.all([readFile(`/proc/${pid}/cmdline`, "utf8"), readFile(`/proc/${pid}/environ`, "utf8")]).then((parts) => parts.join("\n"), () => "")));
}
