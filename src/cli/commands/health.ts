import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { QueuescopeError } from "../../core/index.ts";
import { withExamples } from "../examples.ts";
import type { Act } from "../session.ts";
import { facts } from "../show.ts";

export function healthCommand(act: Act): CommandUnknownOpts {
  const command = new Command("health")
    .description("Check that the broker can be reached and is sound. Exit code 1 when it isn't.")
    .action(act(async (session) => {
      const broker = await session.existing();
      const health = await broker.inspect.health();
      session.out.show([{ ...health, url: broker.url, readOnly: broker.readOnly, capabilities: { ...broker.capabilities } }], () => facts(session.out, health.ok ? session.out.paint("green", "healthy") : session.out.paint("red", "not healthy"), [
        ["url", broker.url],
        ["broker", `${health.broker} (${health.version})`],
        ["access", broker.readOnly ? "read only" : null],
        ["limits", broker.capabilities.limits.join(" ")],
      ]));
      if (!health.ok) session.fail(new QueuescopeError("unavailable", health.problems.join(" ")));
    }));
  return withExamples(command, "queuescope health", "queuescope health --json");
}
