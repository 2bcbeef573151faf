import { Command, CommanderError } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import packageJson from "../../package.json" with { type: "json" };
import { invalidInput } from "../core/index.ts";
import { ackCommand } from "./commands/ack.ts";
import { applyCommand } from "./commands/apply.ts";
import { bridgeCommand } from "./commands/bridge.ts";
import { cancelCommand } from "./commands/cancel.ts";
import { dashboardCommand } from "./commands/dashboard.ts";
import { deadCommand } from "./commands/dead.ts";
import { dlqCommand } from "./commands/dlq.ts";
import { editCommand } from "./commands/edit.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand } from "./commands/import.ts";
import { tailCommand } from "./commands/tail.ts";
import { groupsCommand } from "./commands/groups.ts";
import { healthCommand } from "./commands/health.ts";
import { nackCommand } from "./commands/nack.ts";
import { natsCommand } from "./commands/nats.ts";
import { partitionsCommand } from "./commands/partitions.ts";
import { peekCommand } from "./commands/peek.ts";
import { popCommand } from "./commands/pop.ts";
import { publishCommand } from "./commands/publish.ts";
import { pushCommand } from "./commands/push.ts";
import { queueCommand } from "./commands/queue.ts";
import { releaseCommand } from "./commands/release.ts";
import { removeCommand } from "./commands/remove.ts";
import { renewCommand } from "./commands/renew.ts";
import { showCommand } from "./commands/show.ts";
import { statsCommand } from "./commands/stats.ts";
import { streamsCommand } from "./commands/streams.ts";
import { tapCommand } from "./commands/tap.ts";
import { traceCommand } from "./commands/trace.ts";
import { workerCommand } from "./commands/worker.ts";
import { withExamples } from "./examples.ts";
import { Output } from "./output.ts";
import { Interrupted, Session } from "./session.ts";
import type { Act, GlobalOptions } from "./session.ts";
import { UsageError } from "./usage-error.ts";

/** The whole command line; docs/cli.md is made from it too. */
export function buildProgram(act: Act): CommandUnknownOpts {
  const program: CommandUnknownOpts = new Command("queuescope")
    .description("Message queues on a local file, without a server, or on NATS JetStream. Without --url the queues are those of the workspace: .queuescope/queues.db here or in a folder above.")
    .version(packageJson.version)
    .option("--url <url>", "where the queues are: file:PATH or nats://HOST (default: QUEUESCOPE_URL, else the workspace's file)")
    .option("--json", "print one JSON object a line; errors as {\"error\":{\"code\",\"message\"}} on stderr")
    .option("--verbose", "log to stderr; QUEUESCOPE_LOG=debug|info|warn|error sets the level")
    .helpCommand(false);
  const heading = (title: string, ...commands: CommandUnknownOpts[]): void => {
    for (const command of commands) program.addCommand(command.helpGroup(title));
  };
  heading("Messages:", pushCommand(act), popCommand(act), ackCommand(act), nackCommand(act), releaseCommand(act), deadCommand(act), renewCommand(act), workerCommand(act));
  heading("Subjects of NATS:", tapCommand(act), publishCommand(act), bridgeCommand(act));
  heading("Inspect:", peekCommand(act), showCommand(act), statsCommand(act), partitionsCommand(act), tailCommand(act), traceCommand(act), dashboardCommand(act), streamsCommand(act), healthCommand(act));
  heading("Repair:", editCommand(act), removeCommand(act), cancelCommand(act), dlqCommand(act));
  heading("Manage:", queueCommand(act), groupsCommand(act), applyCommand(act), exportCommand(act), importCommand(act), natsCommand(act));
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({ outputError: () => undefined }).configureHelp({ showGlobalOptions: true }).summary(firstSentence(command.description()));
  }
  return withExamples(program,
    `queuescope push orders '{"id": 1}'`,
    "queuescope pop orders",
    "queuescope stats --watch",
    "queuescope COMMAND --help");
}

export function withSubcommands(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** What a list of commands says; the rest stands in the command's own help. */
function firstSentence(description: string): string {
  return description.replace(/[.:;] .*$|\.$/s, "");
}

/** Runs the command line. @returns the exit code: 0 done, 1 failed or refused, 2 can't be parsed, 128 + n ended by signal n */
export async function run(argv: readonly string[]): Promise<number> {
  const ending = new AbortController();
  let exitCode = 0;
  let signalCode: number | undefined;
  const onSignal = (name: "SIGINT" | "SIGTERM"): void => {
    // Once: a second one ends the process the way it would end any other.
    process.once(name, () => {
      signalCode = name === "SIGINT" ? 130 : 143;
      ending.abort();
    });
  };
  onSignal("SIGINT");
  onSignal("SIGTERM");
  const failures: Error[] = [];
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    ending.abort();
    // `queuescope ... | head`: who reads has enough. That is no failure.
    if (error.code === "EPIPE" || failures.push(error) > 1) return;
    process.exitCode = 1;
    process.stderr.write(`error: The output can't be written: ${error.message}\n`);
  });
  process.stderr.on("error", () => undefined);

  const act: Act = (body) => async (...args) => {
    const globals: GlobalOptions = (args.at(-1) as CommandUnknownOpts).optsWithGlobals();
    const out = new Output(process.stdout, process.stderr, globals.json === true);
    await using session = new Session(out, ending.signal, globals);
    try {
      await body(session, ...args);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      if (!(error instanceof Interrupted)) session.fail(error);
      // What ended because nobody reads on says nothing more.
      else if (signalCode !== undefined) session.interrupt(signalCode, error.message);
    }
    exitCode = session.exitCode;
  };

  const program = buildProgram(act);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    exitCode = refused(error, argv, program);
  }
  return failures.length > 0 ? 1 : exitCode;
}

/** Help and version end here too, with code 0. */
function refused(error: unknown, argv: readonly string[], program: CommandUnknownOpts): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const end = argv.indexOf("--");
  const json = argv.slice(0, end < 0 ? undefined : end).includes("--json");
  const out = new Output(process.stdout, process.stderr, json);
  if (!(error instanceof CommanderError || error instanceof UsageError)) {
    out.error(error);
    return 1;
  }
  // Commander prints the help itself when a command such as `queue` is named without its subcommand.
  if (!(error instanceof CommanderError && error.code === "commander.help")) out.error(invalidInput("arguments", usageText(error.message, meant(argv, program))));
  return 2;
}

function usageText(message: string, help: string): string {
  const text = message.replace(/^error: /, "").replace(/\n/g, " ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?)]$/.test(text) ? "" : "."} See: ${help} --help`;
}

/** The command that the words before the mistake name. */
function meant(argv: readonly string[], program: CommandUnknownOpts): string {
  let command = program;
  const words = [program.name()];
  for (const word of argv) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) continue;
    command = next;
    words.push(word);
  }
  return words.join(" ");
}
