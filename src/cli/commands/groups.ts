import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { GroupInfo, SeekPreview } from "../../core/index.ts";
import { groupStart } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { groupJson, startJson } from "../json.ts";
import type { Act, Session } from "../session.ts";
import { table } from "../show.ts";
import { plural, printable, spanText } from "../text.ts";

export function groupsCommand(act: Act): CommandUnknownOpts {
  return new Command("groups")
    .description("Consumer groups of a queue: each sees every message and has its own position.")
    .addCommand(list(act))
    .addCommand(seek(act))
    .addCommand(pause(act))
    .addCommand(resume(act))
    .addCommand(remove(act));
}

function list(act: Act): CommandUnknownOpts {
  const command = new Command("list")
    .description("List the groups of a queue with their counts.")
    .argument("<queue>", "the queue")
    .action(act(async (session, queue) => {
      const broker = await session.existing();
      const groups = await broker.inspect.groups(queue);
      session.out.show(groups.map(groupJson), () => groupTable(session, groups));
      if (groups.length === 0) session.out.note(`${printable(queue)} has no groups yet. A group exists from its first pop: queuescope pop ${printable(queue)} --group NAME`);
    }));
  return withExamples(command, "queuescope groups list orders");
}

export function groupTable(session: Session, groups: readonly GroupInfo[]): string[] {
  if (groups.length === 0) return [];
  return table(session.out, ["GROUP", "LAG", "READY", "LEASED", "RETRYING", "DEAD", "OLDEST", "START", "WORKERS", "NOTE"], groups.map((group) => [
    printable(group.name),
    ...[group.lag, group.counts.ready, group.counts.leased, group.counts.retrying, group.counts.dead].map(String),
    group.oldestReadyAge === null ? "" : spanText(group.oldestReadyAge),
    startJson(group.start),
    group.workers.length === 0 ? "" : String(group.workers.length),
    [group.paused ? session.out.paint("yellow", "paused") : "", group.held === null ? "" : `held, ${group.held} may go`].filter((note) => note !== "").join(", "),
  ]), ["LAG", "READY", "LEASED", "RETRYING", "DEAD", "WORKERS"]);
}

function seek(act: Act): CommandUnknownOpts {
  const command = new Command("seek")
    .description("Move a group: to the oldest message (all), behind the newest (new), or to the first that entered at or after a time. Ends its leases and forgets its retries and attempts; dead letters stay. Creates the group if needed.")
    .argument("<queue>", "the queue")
    .argument("<group>", "the group")
    .argument("<to>", "all, new, or a time (ISO 8601; without a zone it is UTC)", groupStart)
    .option("--preview", "only show how many messages the group would get then, and how many it would pass over; moves nothing")
    .action(act(async (session, queue, group, to, { preview }) => {
      if (preview === true) {
        const seen = await (await session.existing()).inspect.seekPreview(queue, group, to);
        session.out.show([{ queue, group, start: startJson(to), ...seen }], () => previewLines(queue, group, startJson(to), seen));
        return;
      }
      await (await session.existing()).repair.seek(queue, group, to);
      session.out.show([{ queue, group, start: startJson(to) }], () => [`Group ${printable(group)} of ${printable(queue)} now starts at: ${startJson(to)}.`]);
    }));
  return withExamples(command, "queuescope groups seek orders billing all", "queuescope groups seek orders billing new --preview", "queuescope groups seek orders billing 2026-01-31T12:00:00Z");
}

function previewLines(queue: string, group: string, to: string, { messages, again, skipped, exact }: SeekPreview): string[] {
  const about = exact ? "" : "about ";
  return [
    `From ${to} on, group ${printable(group)} of ${printable(queue)} would get ${about}${plural(messages, "message")}, ${about}${again} of which it has settled already.`,
    skipped === 0 ? "It would pass over none that it hasn't settled." : `It would pass over ${about}${plural(skipped, "message")} that it hasn't settled.`,
  ];
}

function pause(act: Act): CommandUnknownOpts {
  const command = new Command("pause")
    .description("Stop deliveries to a group. Other groups go on.")
    .argument("<queue>", "the queue")
    .argument("<group>", "the group")
    .action(act(async (session, queue, group) => {
      await (await session.existing()).repair.pauseGroup(queue, group);
      session.out.show([{ queue, group, paused: true }], () => [`Paused group ${printable(group)} of ${printable(queue)}.`]);
    }));
  return withExamples(command, "queuescope groups pause orders billing");
}

function resume(act: Act): CommandUnknownOpts {
  const command = new Command("resume")
    .description("Let a paused group go on.")
    .argument("<queue>", "the queue")
    .argument("<group>", "the group")
    .action(act(async (session, queue, group) => {
      await (await session.existing()).repair.resumeGroup(queue, group);
      session.out.show([{ queue, group, paused: false }], () => [`Resumed group ${printable(group)} of ${printable(queue)}.`]);
    }));
  return withExamples(command, "queuescope groups resume orders billing");
}

function remove(act: Act): CommandUnknownOpts {
  const command = new Command("delete")
    .description("Delete a group and its position. Its dead letters stay; its next pop makes it anew.")
    .argument("<queue>", "the queue")
    .argument("<group>", "the group")
    .action(act(async (session, queue, group) => {
      await (await session.existing()).repair.deleteGroup(queue, group);
      session.out.show([{ queue, group, deleted: true }], () => [`Deleted group ${printable(group)} of ${printable(queue)}.`]);
    }));
  return withExamples(command, "queuescope groups delete orders billing");
}
