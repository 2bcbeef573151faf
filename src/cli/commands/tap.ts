import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { TapOptions } from "../../client/taps-tap.ts";
import type { TapOverflow } from "../../core/index.ts";
import { whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { given } from "../session.ts";
import type { Act, Session } from "../session.ts";
import { endJson, natsConnection, noteLoss, OVERFLOWS, showProgress, tapMessageJson, tapMessageLine } from "../subjects.ts";
import { plural, printable } from "../text.ts";
import { UsageError } from "../usage-error.ts";

interface Flags {
  readonly queueGroup?: string;
  readonly into?: string;
  readonly intoUrl?: string;
  readonly bySubject?: true;
  readonly confirm?: true;
  readonly create: boolean;
  readonly limit?: number;
  readonly buffer?: number;
  readonly overflow?: TapOverflow;
}

export function tapCommand(act: Act): CommandUnknownOpts {
  const command = new Command("tap")
    .description("Listen to subjects of NATS, until Ctrl-C: show what arrives, or with --into push it to a queue. NATS stores nothing itself: what is published while nobody listens is gone.")
    .argument("<subjects...>", "the subjects; * is any token, a last > any rest: 'orders.*.created', 'events.>'")
    .option("--queue-group <name>", "share the messages with the others in this group: each is given to one of them")
    .option("--into <queue>", "push what arrives to this queue, with its headers and, as Tap-Subject, its subject; tried again until it is stored. The first Ctrl-C pushes what was received, a second one doesn't wait")
    .option("--into-url <url>", "where that queue is, for example file:.queuescope/queues.db (default: on the same server)")
    .option("--by-subject", "with --into: the subject becomes the partition, so that each subject stays in order")
    .option("--confirm", "with --into: answer requests as soon as their message is stored")
    .option("--no-create", "with --into: refuse a queue that doesn't exist")
    .option("--limit <n>", "end after this many messages", whole)
    .option("--buffer <n>", "messages that may wait (default: 10000)", whole)
    .addOption(new Option("--overflow <policy>", "what is lost, and counted, when more would wait (default: drop-oldest)").choices(OVERFLOWS))
    .action(act(async (session, subjects, options) => {
      if (options.into === undefined) await show(session, subjects, options);
      else await record(session, subjects, options.into, options);
    }));
  return withExamples(command,
    "queuescope tap 'orders.>' --url nats://localhost:4222",
    "queuescope tap 'orders.*.created' 'payments.>' --json | jq .data",
    "queuescope tap 'events.>' --into events --queue-group recorders",
    "queuescope tap 'events.>' --into events --into-url file:.queuescope/queues.db --by-subject");
}

function tapOptions({ queueGroup, buffer, overflow }: Flags): TapOptions {
  return given({ group: queueGroup, buffer, overflow });
}

async function show(session: Session, subjects: readonly string[], flags: Flags): Promise<void> {
  const wrong = (["intoUrl", "bySubject", "confirm"] as const).find((flag) => flags[flag] !== undefined);
  if (wrong !== undefined || !flags.create) throw new UsageError("--into-url, --by-subject, --confirm and --no-create say how --into is meant: name the queue with --into.");
  const { out, signal } = session;
  const queues = await natsConnection(session);
  await using tap = await queues.tap(subjects, { ...tapOptions(flags), signal });
  out.note(`Listening to ${subjects.map(printable).join(", ")}; end with Ctrl-C.`);
  let left = flags.limit ?? Number.POSITIVE_INFINITY;
  for await (const message of tap) {
    if (signal.aborted) break;
    out.show([tapMessageJson(message)], () => [tapMessageLine(message)]);
    await out.drained();
    left -= 1;
    if (left <= 0) break;
  }
  noteLoss(out, tap.stats);
  if (left > 0) session.checkpoint("");
}

async function record(session: Session, subjects: readonly string[], queue: string, flags: Flags): Promise<void> {
  const { out, signal } = session;
  const queues = await natsConnection(session, { service: true });
  const store = flags.intoUrl === undefined ? null : await session.brokerAt({ url: flags.intoUrl, credentials: undefined, readOnly: false }, process.cwd());
  const { bySubject, confirm, create, limit } = flags;
  const recording = await queues.tapInto(subjects, queue, { ...tapOptions(flags), ...given({ bySubject, confirm, create, limit }), signal, ...(store === null ? {} : { store: { broker: store } }) });
  out.note(`Listening to ${subjects.map(printable).join(", ")}, into ${printable(queue)}; end with Ctrl-C.`);
  using progress = showProgress(out, recording, ({ received, pushed }) => `${received} received, ${pushed} pushed`);
  const stats = await recording.ended;
  progress.close();
  out.show([endJson(stats)], () => [`${plural(stats.pushed, "message")} pushed to ${printable(queue)}${stats.duplicates === 0 ? "" : `, ${stats.duplicates} of them duplicates`}${stats.refused === 0 ? "" : `; ${stats.refused} refused by it`}.`]);
  noteLoss(out, stats);
}
