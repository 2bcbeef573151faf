import { createInterface } from "node:readline";
import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Download, LocalNats } from "../../client/nats-server/index.ts";
import { whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import type { JsonRecord } from "../../client/transfer/json.ts";
import type { Act, Session } from "../session.ts";
import { facts } from "../show.ts";
import { bytesText, timeText } from "../text.ts";

export function natsCommand(act: Act): CommandUnknownOpts {
  return new Command("nats")
    .description("Run a nats-server of the workspace's own, with JetStream, for this machine only. Its data is in .queuescope/nats; its URL stays the same over restarts.")
    .addCommand(start(act))
    .addCommand(stop(act))
    .addCommand(status(act));
}

function start(act: Act): CommandUnknownOpts {
  const command = new Command("start")
    .description("Start it, if it doesn't run yet. It goes on when the command has ended, until it is stopped or the editor closes the workspace. It takes the nats-server of QUEUESCOPE_NATS_SERVER, else the one on PATH, else, after asking, the official release (from GitHub, or from where QUEUESCOPE_NATS_MIRROR says). It listens on loopback only, without a password: whoever can log in to this machine can use it.")
    .option("--keep", "don't stop it when the editor closes the workspace")
    .option("--no-keep", "stop it then (the default)")
    .option("--port <n>", "listen there from now on; 0 takes a free port (default: the port of the last time, at first a free one)", whole)
    .option("--yes", "download the official release of nats-server without asking where there is none; its checksum is verified")
    .action(act(async (session, options) => {
      const { startLocalNats } = await import("../../client/nats-server/index.ts");
      const nats = await startLocalNats({
        keep: options.keep,
        port: options.port,
        signal: session.signal,
        confirmDownload: async (download) => options.yes === true || await ask(session, download),
        onProgress: (received, total) => { session.out.progress(`Downloading nats-server: ${bytesText(received)}${total === undefined ? "" : ` of ${bytesText(total)}`}`); },
      }).catch((error: unknown) => {
        session.checkpoint("The nats-server was not started.");
        throw error;
      });
      session.out.show([natsJson(nats)], () => [nats.started ? `Started nats-server ${nats.version ?? ""}: ${nats.url ?? ""}` : `It runs already: ${nats.url ?? ""}`]);
      if (nats.started) session.out.note(`Use it: queuescope push orders '{"id": 1}' --url ${nats.url ?? ""}`);
    }));
  return withExamples(command, "queuescope nats start", "queuescope nats start --keep --yes", "queuescope nats start --port 4222");
}

function stop(act: Act): CommandUnknownOpts {
  const command = new Command("stop")
    .description("Stop it. Its data stays.")
    .action(act(async (session) => {
      const { stopLocalNats } = await import("../../client/nats-server/index.ts");
      const nats = await stopLocalNats();
      session.out.show([natsJson(nats)], () => [nats.stopped ? "Stopped the workspace's nats-server." : "The workspace's nats-server doesn't run."]);
    }));
  return withExamples(command, "queuescope nats stop");
}

function status(act: Act): CommandUnknownOpts {
  const command = new Command("status")
    .description("Say whether it runs, and where.")
    .action(act(async (session) => {
      const { localNatsStatus } = await import("../../client/nats-server/index.ts");
      const nats = await localNatsStatus();
      session.out.show([natsJson(nats)], () => facts(session.out, session.out.paint(nats.state === "running" ? "green" : "yellow", nats.state), [
        ["url", nats.url],
        ["version", nats.version],
        ["process", nats.pid === null ? null : String(nats.pid)],
        ["since", nats.startedAt === null ? null : timeText(nats.startedAt, Date.now())],
        ["stays", nats.state === "stopped" ? null : nats.keep ? "yes" : "until the editor closes the workspace"],
        ["data", nats.folder],
      ]));
    }));
  return withExamples(command, "queuescope nats status", "queuescope nats status --json");
}

function natsJson({ startedAt, ...nats }: LocalNats): JsonRecord {
  return { ...nats, startedAt: startedAt === null ? null : new Date(startedAt).toISOString() };
}

/** Asks where somebody can answer; elsewhere the answer is no. */
async function ask(session: Session, { version, url, folder }: Download): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || session.out.json) return false;
  session.out.note(`There is no nats-server here. The official release ${version} can be downloaded, and its checksum verified:\n  from ${url}\n  to   ${folder}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<boolean>((resolve) => {
      // At a prompt Ctrl-C is a key; it and the end of the input mean no.
      terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
      terminal.once("close", () => { resolve(false); });
      session.signal.addEventListener("abort", () => { terminal.close(); }, { once: true });
      terminal.question("Download it? [y/N] ", (answer) => { resolve(/^y(es)?$/i.test(answer.trim())); });
    });
  } finally {
    terminal.close();
  }
}
