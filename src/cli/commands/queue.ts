import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { DEFAULT_OPTIONS, MESSAGE_STATES, OPTION_SPECS, optionsFromText } from "../../core/index.ts";
import type { Broker, MessageState, QueueInfo } from "../../core/index.ts";
import { each } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { queueJson } from "../json.ts";
import { allPages } from "../pages.ts";
import { changeText, optionChanges, shownOption } from "../queue-options.ts";
import { given } from "../session.ts";
import type { Act, Session } from "../session.ts";
import { countsText, facts, table } from "../show.ts";
import { columns, plural, printable, timeText } from "../text.ts";

export function queueCommand(act: Act): CommandUnknownOpts {
  return new Command("queue")
    .description("Create, configure, list, pause, empty and delete queues.")
    .addCommand(create(act))
    .addCommand(configure(act))
    .addCommand(list(act))
    .addCommand(show(act))
    .addCommand(remove(act))
    .addCommand(purge(act))
    .addCommand(pause(act))
    .addCommand(resume(act));
}

const OPTION_HELP = `\nOptions of a queue (option=default):\n${OPTION_SPECS.map((spec) => `  ${`${spec.name}=${shownOption(spec, DEFAULT_OPTIONS)}`.padEnd(42)} ${spec.description}`).join("\n")}`;

function create(act: Act): CommandUnknownOpts {
  const command = new Command("create")
    .description("Create a queue.")
    .argument("<name>", "its name")
    .option("--set <option=value>", "an option of the queue; may be repeated", each)
    .action(act(async (session, name, options) => {
      const broker = await session.broker();
      const queue = await broker.queues.create(name, optionsFromText(options.set ?? []));
      session.out.show([queueJson(queue)], () => [`Created queue ${printable(name)}.`]);
    }))
    .addHelpText("after", OPTION_HELP);
  return withExamples(command, "queuescope queue create orders", "queuescope queue create mails --set leaseTime=30s --set retryLimit=5 --set backoff=1s,10s,1m");
}

function configure(act: Act): CommandUnknownOpts {
  const command = new Command("configure")
    .description("Change options of a queue; those not named stay. The value default resets one.")
    .argument("<name>", "the queue")
    .requiredOption("--set <option=value>", "an option of the queue; may be repeated", each)
    .action(act(async (session, name, options) => {
      const input = optionsFromText(options.set);
      const broker = await session.existing();
      const before = await broker.queues.get(name);
      const queue = await broker.queues.configure(name, input);
      session.out.show([queueJson(queue)], () => {
        const changes = optionChanges(before.options, queue.options);
        return changes.length === 0 ? [`${printable(name)} has these options already.`] : [`Configured queue ${printable(name)}:`, ...columns(changes.map((change) => [`  ${change.option}`, changeText(change)]), session.out.width)];
      });
    }))
    .addHelpText("after", OPTION_HELP);
  return withExamples(command, "queuescope queue configure orders --set retryLimit=10 --set leaseTime=default");
}

function list(act: Act): CommandUnknownOpts {
  const command = new Command("list")
    .description("List the queues with their counts for group default.")
    .option("--match <text>", "only queues with this text in their name")
    .option("--namespace <name>", "only queues of this namespace")
    .option("--task <name>", "only queues of this task")
    .action(act(async (session, options) => {
      const broker = (await session.missing()) === null ? await session.broker() : null;
      const queues = broker === null ? [] : await allPages(session, (page) => broker.queues.list({ ...options, ...page }));
      session.out.show(queues.map(queueJson), () => (queues.length === 0 ? [] : queueTable(session, queues)));
      if (queues.length === 0) session.out.note(Object.keys(options).length > 0 ? "No queue matches." : `There are no queues here. Push a first message with: queuescope push QUEUE DATA`);
    }));
  return withExamples(command, "queuescope queue list", "queuescope queue list --json | jq -r .name");
}

function queueTable(session: Session, queues: readonly QueueInfo[]): string[] {
  const counted: readonly MessageState[] = ["ready", "scheduled", "leased", "retrying", "dead"];
  const heading = ["QUEUE", ...counted.map((state) => state.toUpperCase()), "NOTE"];
  const rows = queues.map((queue) => [printable(queue.name), ...counted.map((state) => String(queue.counts[state])), queue.paused ? session.out.paint("yellow", "paused") : ""]);
  return table(session.out, heading, rows, heading.slice(1, -1));
}

function show(act: Act): CommandUnknownOpts {
  const command = new Command("show")
    .description("Show a queue and its options.")
    .argument("<name>", "the queue")
    .action(act(async (session, name) => {
      const broker = await session.existing();
      const queue = await broker.queues.get(name);
      session.out.show([queueJson(queue)], () => queueFacts(session, queue));
    }));
  return withExamples(command, "queuescope queue show orders");
}

function queueFacts(session: Session, queue: QueueInfo): string[] {
  const { out } = session;
  const options = OPTION_SPECS.map((spec): [string, string] => {
    const [value, standard] = [shownOption(spec, queue.options), shownOption(spec, DEFAULT_OPTIONS)];
    return [spec.name, value === standard ? out.paint("dim", value || "none") : `${value} (default: ${standard || "none"})`];
  });
  return [
    ...facts(out, out.paint("bold", printable(queue.name)) + (queue.paused ? `  ${out.paint("yellow", "paused")}` : ""), [
      ["messages", countsText(queue.counts)],
      ["created", timeText(queue.createdAt, Date.now())],
    ]),
    ...facts(out, "Options", options),
  ];
}

function remove(act: Act): CommandUnknownOpts {
  const command = new Command("delete")
    .description("Delete a queue with its messages, dead letters, groups and traces.")
    .argument("<name>", "the queue")
    .action(act(async (session, name) => {
      const broker = await session.existing();
      const stats = await broker.inspect.stats(name);
      const deadLetters = await broker.inspect.countDeadLetters(name);
      const messages = await countMessages(broker, name);
      await broker.queues.delete(name);
      session.out.show([{ name, deleted: true, messages, deadLetters, groups: stats.groups.length }], () => [`Deleted queue ${printable(name)} with ${plural(messages, "message")}, ${plural(deadLetters, "dead letter")} and ${plural(stats.groups.length, "group")}.`]);
    }));
  return withExamples(command, "queuescope queue delete orders");
}

/** Messages stored, completed ones too; dead ones are counted as dead letters. */
async function countMessages(broker: Broker, name: string): Promise<number> {
  const { counts } = await broker.queues.get(name);
  return MESSAGE_STATES.reduce((sum, state) => sum + (state === "dead" ? 0 : counts[state]), 0);
}

const PURGED_STATES = ["ready", "scheduled", "leased", "retrying", "completed"] as const;

function purge(act: Act): CommandUnknownOpts {
  const command = new Command("purge")
    .description("Delete the messages of a queue, or those that match. The queue, its groups and dead letters stay; leased messages stay too, unless --state leased.")
    .argument("<name>", "the queue")
    .option("--partition <key>", "only this partition")
    .addOption(new Option("--state <state>", "only messages in this state").choices(PURGED_STATES))
    .option("--group <name>", "the group whose view of the state counts (default: default)")
    .option("--match <text>", "only messages with this text in the data, headers or transaction id")
    .action(act(async (session, name, options) => {
      const broker = await session.existing();
      let removed = 0;
      let after: string | null = null;
      for (let more = true; more; ) {
        session.checkpoint(`${plural(removed, "message")} of ${name} were removed before the interruption.`);
        const step = await broker.repair.purge(name, given({ ...options, after: after ?? undefined }));
        removed += step.removed;
        after = step.next;
        more = step.more;
        session.out.progress(`${removed} removed`);
      }
      session.out.show([{ name, removed }], () => [`Removed ${plural(removed, "message")} of ${printable(name)}.`]);
    }));
  return withExamples(command, "queuescope queue purge orders", "queuescope queue purge orders --state completed", "queuescope queue purge orders --partition customer-7");
}

function pause(act: Act): CommandUnknownOpts {
  const command = new Command("pause")
    .description("Stop deliveries of a queue. Pushes and settlements go on.")
    .argument("<name>", "the queue")
    .action(act(async (session, name) => {
      await (await session.existing()).queues.pause(name);
      session.out.show([{ name, paused: true }], () => [`Paused queue ${printable(name)}.`]);
    }));
  return withExamples(command, "queuescope queue pause orders");
}

function resume(act: Act): CommandUnknownOpts {
  const command = new Command("resume")
    .description("Let a paused queue deliver again.")
    .argument("<name>", "the queue")
    .action(act(async (session, name) => {
      await (await session.existing()).queues.resume(name);
      session.out.show([{ name, paused: false }], () => [`Resumed queue ${printable(name)}.`]);
    }));
  return withExamples(command, "queuescope queue resume orders");
}
