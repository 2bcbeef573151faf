import { spawn } from "node:child_process";
import { once } from "node:events";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import type { Act } from "../session.ts";

export function dashboardCommand(act: Act): CommandUnknownOpts {
  const command = new Command("dashboard")
    .description("Serve the inspector to a browser on this machine, until Ctrl-C: every queue, with all that the editor's inspector shows and does. The printed address holds the token that opens it.")
    .option("--port <n>", "listen on this port of 127.0.0.1 (default: any free one)", port)
    .option("--read-only", "only look: what would change something is neither shown nor done")
    .option("--open", "open it in the browser")
    .action(act(async (session, options) => {
      const [{ startDashboard }, { workspaceTemplates }] = await Promise.all([import("../../server/dashboard/index.ts"), import("../../client/workspace.ts")]);
      const broker = options.readOnly === true ? await session.readOnly() : await session.broker();
      await using dashboard = await startDashboard({
        broker,
        port: options.port ?? 0,
        templates: workspaceTemplates(),
        onError: (what, error) => { session.logger.warn(`dashboard: ${what} failed`, { error: error instanceof Error ? error.stack : String(error) }); },
      });
      session.out.show([{ url: dashboard.url, broker: broker.url, readOnly: broker.readOnly }], () => [dashboard.url]);
      session.out.note(`The queues of ${broker.url}${broker.readOnly ? ", read only" : ""}. Whoever has this address can use them from this machine; Ctrl-C ends it.`);
      if (options.open === true) openInBrowser(dashboard.url, (problem) => { session.out.note(`The browser could not be started (${problem}). Open the address yourself.`); });
      if (!session.signal.aborted) await once(session.signal, "abort");
      session.checkpoint("");
    }));
  return withExamples(command, "queuescope dashboard", "queuescope dashboard --port 8080 --open", "queuescope dashboard --url nats://localhost:4222 --read-only");
}

function port(text: string): number {
  const number = whole(text);
  if (number > 65_535) throw new InvalidArgumentError("It must be between 0 and 65535.");
  return number;
}

function openInBrowser(url: string, onProblem: (problem: string) => void): void {
  const [program, ...args] = { darwin: ["open"], win32: ["rundll32", "url.dll,FileProtocolHandler"] }[process.platform as string] ?? ["xdg-open"];
  const started = spawn(program ?? "xdg-open", [...args, url], { stdio: "ignore", detached: true });
  started.on("error", (error) => { onProblem(error.message); });
  started.on("exit", (code) => { if (code !== 0 && code !== null) onProblem(`${program ?? ""} ended with ${code}`); });
  started.unref();
}
