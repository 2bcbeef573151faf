import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { queuescopeWith } from "./support/cli.ts";
import { openSession } from "./support/session.ts";
import { until } from "./support/until.ts";

const HANDLER = `interface Order { readonly id: number }

export default async function charge(message: { readonly data: Order }): Promise<void> {
  const order = message.data;
  console.log(\`charged \${order.id}\`);
}
`;

/** Of `console.log`. */
const LINE = 5;

interface Shown {
  readonly state: string;
  readonly until: string | null;
  readonly deliveryCount: number;
}

describe("debugging on NATS", { skip: natsSkip() }, () => {
  it("stops at a breakpoint, keeps the lease meanwhile, and acks when it goes on", async () => {
    await using server = await startNatsServer();
    const workspace = { connections: { hub: { url: server.url } }, workers: { charge: { queue: "orders", handler: "handlers/charge.ts" } } };
    const prepare = async (folder: string): Promise<void> => {
      await mkdir(join(folder, "handlers"));
      await writeFile(join(folder, "handlers", "charge.ts"), HANDLER);
      await writeFile(join(folder, "queuescope.json"), JSON.stringify(workspace));
    };
    await using session = await openSession({ name: "nats-debugging", prepare });
    const { step, folder } = session;
    const cli = (...args: string[]): Promise<unknown[]> => queuescopeWith({ QUEUESCOPE_URL: server.url }, folder, ...args);
    let id = "";
    const shown = async (): Promise<Shown> => {
      const [message] = (await cli("show", id)) as Shown[];
      assert.ok(message !== undefined);
      return message;
    };

    await step("a message waits in a queue with short leases", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.row("my shop: hub").waitFor();
      await cli("queue", "create", "orders", "--set", "leaseTime=3s");
      const [pushed] = (await cli("push", "orders", '{"id":7}')) as { id: string }[];
      id = pushed?.id ?? "";
      await workbench.queues.row("orders", "1 ready").waitFor();
    });

    await step("the worker stops at a breakpoint of its handler", async ({ editor, workers, debugging }) => {
      await editor.open("handlers/charge.ts");
      await editor.setBreakpoint(LINE);
      await workers.press(workers.row("charge"), "Debug Worker");
      await debugging.stoppedAt.waitFor();
      await debugging.openScope("Local: charge");
      assert.match(await debugging.variable("order").innerText(), /id: 7/);
    });

    await step("where its lease is renewed from outside", async () => {
      const { until: first, state } = await shown();
      assert.equal(state, "leased");
      await until("a later end of the lease", async () => ((await shown()).until === first ? undefined : true));
      assert.deepEqual([(await shown()).state, (await shown()).deliveryCount], ["leased", 1]);
    });

    await step("going on acks it", async ({ debugging, terminal }) => {
      await debugging.press("Continue");
      await terminal.shows("charged 7");
      const { state, deliveryCount } = await until("its completion", async () => {
        const message = await shown();
        return message.state === "completed" ? message : undefined;
      });
      assert.deepEqual([state, deliveryCount], ["completed", 1]);
    });

    await step("stopping the session ends the worker", async (workbench) => {
      await workbench.debugging.press("Stop");
      await workbench.debugging.ended();
      await workbench.openQueuescope();
      await workbench.workers.row("charge", "not running").waitFor();
      await workbench.queues.row("orders", "empty").waitFor();
    });
  });
});
