import inspector from "node:inspector";
import { dirname } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { invalidInput, QueuescopeError } from "../../core/index.ts";
import type { GroupStart } from "../../core/index.ts";
import { stderrLogger } from "../../client/log.ts";
import type { WorkerOptions } from "../../jobs/types.ts";
import { duration, groupStart, whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import type { Act, Session } from "../session.ts";
import { UsageError } from "../usage-error.ts";
import { connectionAccess, readNearestWorkspace } from "../workspace.ts";

interface Flags {
  readonly handler?: string;
  readonly exec?: string;
  readonly group?: string;
  readonly start?: GroupStart;
  readonly partition?: string;
  readonly dlq?: true;
  readonly concurrency?: number;
  readonly batch?: number;
  readonly limit?: number;
  readonly drain?: true;
  readonly lease?: number;
  readonly message?: string;
  readonly name?: string;
}

export function workerCommand(act: Act): CommandUnknownOpts {
  const command = new Command("worker")
    .description("Handle the messages of queues: by a module (JavaScript or TypeScript, default export or one named handler) or by a program in any language. The first Ctrl-C lets running handlers finish, a second one doesn't wait.")
    .argument("[queues...]", "the queues; one that doesn't exist yet is waited for")
    .addOption(new Option("--handler <file>", "the module").conflicts("exec"))
    .option("--exec <command>", "the program, run once a message: JSON on stdin; exit code 0 acks, 100 makes a dead letter, others fail")
    .option("--name <name>", "the worker of this name in queuescope.json; with queues: how this worker is called in lists")
    .option("--group <name>", "consumer group (default: default)")
    .option("--start <all|new|time>", "where a group that doesn't exist yet starts (default: all)", groupStart)
    .option("--partition <key>", "only this partition")
    .option("--dlq", "handle the dead letters of the group: success discards them, failure keeps them")
    .option("--concurrency <n>", "handlers that run at once (default: 1)", whole)
    .option("--batch <n>", "messages a pop; above 1 a handler gets an array (default: 1)", whole)
    .option("--limit <n>", "stop after this many messages", whole)
    .option("--drain", "stop when nothing can be taken at once; what waits for a retry stays, and what is behind it in its partition")
    .option("--lease <duration>", "length of each lease, renewed while the handler runs (default: the queue's leaseTime)", duration)
    .option("--message <id>", "only this message, once")
    .addOption(new Option("--inspect", "let a debugger attach").conflicts("inspectBrk"))
    .option("--inspect-brk", "wait for a debugger before the first message")
    .option("--inspect-port <n>", "port for the debugger; 0 takes a free one", whole, 9229)
    .action(act(async (session, queues, options) => {
      const worker = queues.length > 0 ? { queues, ...fromFlags(options), url: session.url } : await named(session, options);
      if (worker.handler === undefined && worker.exec === undefined) throw new UsageError("Say what handles the messages: --handler FILE or --exec COMMAND.");
      if (options.inspect === true || options.inspectBrk === true) debug(options.inspectPort, options.inspectBrk === true);
      const { runWorker } = await import("../../jobs/index.ts");
      // Its log is what a worker shows; QUEUESCOPE_LOG and --verbose set how much.
      const log = session.logs ? session.logger : stderrLogger("info");
      const summary = await runWorker({ ...worker, log });
      session.out.show([{ ...summary }], () => []);
      if (summary.reason === "forced") session.exitCode = 1;
    }));
  return withExamples(command,
    "queuescope worker orders --handler src/handle-order.ts",
    "queuescope worker orders --handler src/handle-order.ts --concurrency 8 --group billing",
    `queuescope worker images --exec "python3 resize.py"`,
    "queuescope worker orders --handler src/handle-order.ts --drain",
    "queuescope worker --name billing",
    "queuescope worker orders --handler src/handle-order.ts --inspect-brk");
}

function fromFlags(flags: Flags): Omit<WorkerOptions, "queues"> {
  const { handler, exec, group, start, partition, dlq, concurrency, batch, limit, drain, lease, message, name } = flags;
  return { handler, exec, group, start, partition, dlq, concurrency, batch, limit, drain, lease, messageId: message, name };
}

/** A worker of queuescope.json; what stands on the command line comes before what stands there. */
async function named(session: Session, flags: Flags): Promise<WorkerOptions> {
  const { name } = flags;
  if (name === undefined) throw new UsageError("Name the queues, or with --name a worker of queuescope.json.");
  const found = await readNearestWorkspace();
  const settings = found.workspace.workers.get(name);
  if (settings === undefined) throw invalidInput("name", `${found.path} has no worker ${JSON.stringify(name)}. It has: ${[...found.workspace.workers.keys()].join(", ") || "none"}.`);
  const { connection, command, ...rest } = settings;
  const given = Object.fromEntries(Object.entries(fromFlags(flags)).filter(([, value]) => value !== undefined));
  const { url, credentials, readOnly } = connectionAccess(found, connection ?? found.standard, session.url);
  if (readOnly) throw new QueuescopeError("read-only", `The connection of worker ${JSON.stringify(name)} is read only, and a worker takes messages. Give it another connection in ${found.path}.`);
  const ownHandler = flags.handler !== undefined || flags.exec !== undefined;
  return {
    ...rest,
    handler: ownHandler ? undefined : settings.handler,
    exec: ownHandler ? undefined : command,
    url,
    credentials,
    cwd: ownHandler ? undefined : dirname(found.path),
    ...given,
  };
}

function debug(port: number, wait: boolean): void {
  try {
    inspector.open(port);
  } catch (cause) {
    throw invalidInput("inspect-port", `A debugger can't listen on port ${port}: ${(cause as Error).message}. Choose another with --inspect-port; 0 takes a free one.`);
  }
  if (wait) inspector.waitForDebugger();
}
