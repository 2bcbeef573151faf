import { dirname, relative } from "node:path";
import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { DEFAULT_OPTIONS, isQueuescopeError, mergeOptions } from "../../core/index.ts";
import type { Broker, QueueInfo, QueueOptionsInput } from "../../core/index.ts";
import { withExamples } from "../examples.ts";
import { changeText, optionChanges } from "../queue-options.ts";
import type { OptionChange } from "../queue-options.ts";
import type { Act, Session } from "../session.ts";
import { columns, plural, printable } from "../text.ts";
import { connectionAccess, readNearestWorkspace } from "../workspace.ts";
import type { FoundWorkspace } from "../workspace.ts";

interface Difference {
  readonly queue: string;
  readonly connection: string | null;
  readonly action: "create" | "configure" | "none";
  /** Options as text, before and after. */
  readonly changes: readonly OptionChange[];
  readonly input: QueueOptionsInput;
}

export function applyCommand(act: Act): CommandUnknownOpts {
  const command = new Command("apply")
    .description("Make the queues that queuescope.json describes, and give them the options it names. Shows each difference. Other options, and queues that aren't in it, stay as they are; nothing is ever deleted.")
    .option("--file <file>", "the file (default: the nearest queuescope.json, here or in a folder above)")
    .option("--dry-run", "only show the differences")
    .action(act(async (session, options) => {
      const found = await readNearestWorkspace(options.file);
      const dryRun = options.dryRun === true;
      const counts = { create: 0, configure: 0, none: 0 };
      for (const connection of connectionsOf(found)) {
        const access = connectionAccess(found, connection, session.url);
        const broker = await session.brokerAt({ ...access, readOnly: dryRun || access.readOnly }, dirname(found.path));
        for (const difference of await differences(broker, found, connection)) {
          counts[difference.action] += 1;
          await make(session, broker, difference, dryRun);
        }
      }
      summary(session, found, counts, dryRun);
    }));
  return withExamples(command, "queuescope apply --dry-run", "queuescope apply");
}

/** Those that some queue is on; a queue that names none is on the first one. */
function connectionsOf({ workspace, standard }: FoundWorkspace): (string | null)[] {
  return [...new Set([...workspace.queues.values()].map(({ connection }) => connection ?? standard))];
}

async function differences(broker: Broker | null, { workspace, standard }: FoundWorkspace, connection: string | null): Promise<Difference[]> {
  const wanted = [...workspace.queues].filter(([, settings]) => (settings.connection ?? standard) === connection);
  return await Promise.all(wanted.map(async ([queue, { options }]) => {
    const existing = broker === null ? null : await find(broker, queue);
    const before = existing?.options ?? DEFAULT_OPTIONS;
    const changes = optionChanges(before, mergeOptions(before, options));
    return { queue, connection, action: existing === null ? "create" : changes.length > 0 ? "configure" : "none", changes, input: options };
  }));
}

async function find(broker: Broker, queue: string): Promise<QueueInfo | null> {
  return await broker.queues.get(queue).catch((error: unknown) => {
    if (isQueuescopeError(error, "queue-not-found")) return null;
    throw error;
  });
}

/** One that is refused is told and doesn't keep the others from being made. */
async function make(session: Session, broker: Broker | null, { queue, connection, action, changes, input }: Difference, dryRun: boolean): Promise<void> {
  try {
    if (!dryRun && broker !== null && action === "create") await broker.queues.create(queue, input);
    if (!dryRun && broker !== null && action === "configure") await broker.queues.configure(queue, input);
  } catch (error) {
    session.fail(error);
    return;
  }
  const sign = { create: session.out.paint("green", "+"), configure: session.out.paint("yellow", "~"), none: " " }[action];
  session.out.show([{ queue, connection, action, changes, dryRun }], () => (action === "none" ? [] : [
    `${sign} ${printable(queue)}${connection === null ? "" : ` (${printable(connection)})`}`,
    ...columns(changes.map((change) => [`    ${change.option}`, action === "create" ? change.to || "none" : changeText(change)]), session.out.width),
  ]));
}

function summary(session: Session, { path, workspace }: FoundWorkspace, counts: Readonly<Record<Difference["action"], number>>, dryRun: boolean): void {
  const name = relative(process.cwd(), path);
  if (workspace.queues.size === 0) session.out.note(`${name} describes no queues. Add some under "queues".`);
  else if (counts.create + counts.configure === 0) session.out.note(`${name} and the queues agree.`);
  else session.out.note(`${plural(counts.create, "queue")} ${dryRun ? "to create" : "created"}, ${counts.configure} ${dryRun ? "to configure" : "configured"}, ${counts.none} unchanged.`);
}
