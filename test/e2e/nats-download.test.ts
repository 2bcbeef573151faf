import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, it } from "node:test";
import { findNats } from "../../scripts/nats-servers.ts";
import { BINARY, RELEASE } from "../../src/client/nats-server/release.ts";
import { temporaryFolder } from "../support/folder.ts";
import { natsSkip } from "../support/nats-server.ts";
import { ARCHIVE, release, releaseServer } from "../support/release-server.ts";
import { queuescopeWith } from "./support/cli.ts";
import { openSession } from "./support/session.ts";
import { until } from "./support/until.ts";

describe("a nats-server that isn't there", { skip: natsSkip() }, () => {
  it("is downloaded after a question, and only then", async (context) => {
    const found = findNats("newest");
    assert.ok("path" in found);
    const { mirror, asked } = await releaseServer(context, release(await readFile(found.path)));
    const cache = await temporaryFolder(context);
    const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !existsSync(join(folder, BINARY))).join(delimiter);
    const env = { QUEUESCOPE_NATS_MIRROR: mirror, QUEUESCOPE_NATS_SERVER: "", XDG_CACHE_HOME: cache, PATH: path };
    await using session = await openSession({ name: "nats-download", env });
    const { step, folder } = session;
    const status = async (): Promise<string | undefined> => ((await queuescopeWith(env, folder, "nats", "status")) as { state: string }[])[0]?.state;

    await step("the question says from where and to where", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.quickInput.runCommand("Queuescope: Start Local NATS");
      await workbench.dialog.getByText("There is no nats-server on this machine. Download it?").waitFor();
      await workbench.dialog.getByText(`release ${RELEASE} can be downloaded from ${mirror}`).waitFor();
      await workbench.dialog.getByText(cache).waitFor();
    });

    await step("a no downloads and starts nothing, and is no error", async (workbench) => {
      await workbench.answerDialog("Cancel");
      await workbench.page.locator(".notifications-toasts .notification-list-item").filter({ hasText: "Starting NATS" }).waitFor({ state: "hidden" });
      assert.deepEqual([asked, await status()], [[], "stopped"]);
      assert.equal(await workbench.notification("nats-server").count(), 0);
    });

    await step("a yes gets it, verifies it, and starts it", async (workbench) => {
      await workbench.quickInput.runCommand("Queuescope: Start Local NATS");
      await workbench.answerDialog("Download");
      await workbench.queues.row("my shop: local NATS").waitFor();
      assert.deepEqual(asked, ["SHA256SUMS", ARCHIVE]);
      assert.equal(await status(), "running");
      assert.ok(existsSync(join(cache, "queuescope", "nats-server", `v${RELEASE}`, BINARY)));
    });

    await step("and it isn't asked for again", async ({ queues }) => {
      await queues.choose(queues.row("my shop: local NATS"), "Stop Local NATS");
      await until("its end", async () => ((await status()) === "stopped" ? true : undefined));
      await queues.press(queues.row("my shop: local NATS"), "Start Local NATS");
      await until("its start", async () => ((await status()) === "running" ? true : undefined));
      assert.equal(asked.length, 2);
    });

    await step("it is stopped", async ({ queues }) => {
      await queues.row("Streams").waitFor();
      await queues.choose(queues.row("my shop: local NATS"), "Stop Local NATS");
      await until("its end", async () => ((await status()) === "stopped" ? true : undefined));
    });
  });
});
