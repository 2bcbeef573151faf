import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { openSession } from "./support/session.ts";
import { until } from "./support/until.ts";

describe("debugging", () => {
  it("stops at a breakpoint of a TypeScript handler, for a worker and for one dead letter", async () => {
    await using session = await openSession({ name: "debugging", prepare: fillSample });
    const { step, folder } = session;
    const source = (await readFile(join(folder, "src", "handlers", "charge.ts"), "utf8")).split("\n");
    const line = source.findIndex((text) => text.includes("const cents = total(order)")) + 1;

    await step("a breakpoint is set in the handler", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.editor.open("src/handlers/charge.ts");
      await workbench.editor.setBreakpoint(line);
    });

    await step("debugging the worker stops there", async ({ workers, debugging }) => {
      await workers.press(workers.row("charge"), "Debug Worker");
      await debugging.stoppedAt.waitFor();
    });

    let first = "";
    await step("the message is seen among the variables", async ({ debugging }) => {
      await debugging.openScope("Block: handler");
      first = await debugging.variable("order").innerText();
      assert.match(first, /id: '10\d\d'/);
    });

    await step("it goes on to the next message", async ({ debugging }) => {
      await debugging.press("Continue");
      await until("another order to stop at", async () => ((await debugging.variable("order").innerText()) === first ? undefined : true));
      await debugging.stoppedAt.waitFor();
    });

    await step("stopping the session ends the worker", async (workbench) => {
      await workbench.debugging.press("Stop");
      await workbench.debugging.ended();
      await workbench.openQueuescope();
      await workbench.workers.row("charge", "not running").waitFor();
    });

    await step("a dead letter goes to the breakpoint in one click", async ({ deadLetters, debugging }) => {
      const letter = deadLetters.rowHolding("TypeError: Cannot destructure");
      await deadLetters.press(letter, "Debug This Message");
      await debugging.stoppedAt.waitFor();
    });
  });

  it("hits a breakpoint from a dead letter of the inspector", async () => {
    await using session = await openSession({ name: "debugging-inspector", prepare: fillSample });
    const { step, folder } = session;
    const line = (await readFile(join(folder, "src", "handlers", "charge.ts"), "utf8")).split("\n").findIndex((text) => text.includes("const cents = total(order)")) + 1;

    await step("a breakpoint is set in the handler", async ({ editor }) => {
      await editor.open("src/handlers/charge.ts");
      await editor.setBreakpoint(line);
    });

    await step("one press leads there, with exactly that message", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.press(workbench.queues.row("orders"), "Open Inspector");
      await workbench.inspector.show("Dead Letters");
      await workbench.inspector.row("TypeError: Cannot destructure").dblclick();
      await workbench.inspector.row(/d1-\d/).dblclick();
      await workbench.inspector.button("Debug").click();
      await workbench.debugging.stoppedAt.waitFor();
    });
  });
});
