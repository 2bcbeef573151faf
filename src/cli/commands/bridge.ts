import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { given } from "../session.ts";
import type { Act } from "../session.ts";
import { endJson, natsConnection, noteLoss, OVERFLOWS, showProgress } from "../subjects.ts";
import { plural, printable } from "../text.ts";

export function bridgeCommand(act: Act): CommandUnknownOpts {
  const command = new Command("bridge")
    .description("Publish what arrives on one subject of NATS to another, until Ctrl-C: as it is, or as a module makes it. The first Ctrl-C passes on what was received, a second one doesn't wait.")
    .argument("<from>", "the subject to listen to; * is any token, a last > any rest")
    .argument("<to>", "the subject to publish to; $1 is the token of the first *, a last > what > stood for")
    .option("--transform <file>", "a module (JavaScript or TypeScript, default export or one named handler): gets the message, answers what to publish: a value, or { data, subject, headers }; nothing leaves it out")
    .option("--concurrency <n>", "transforms that run at once; the order stays (default: 1)", whole)
    .option("--queue-group <name>", "share the messages with the other bridges in this group: each is given to one of them")
    .option("--limit <n>", "end after this many messages", whole)
    .option("--buffer <n>", "messages that may wait (default: 10000)", whole)
    .addOption(new Option("--overflow <policy>", "what is lost, and counted, when more would wait (default: drop-oldest)").choices(OVERFLOWS))
    .action(act(async (session, from, to, { transform: file, concurrency, queueGroup: group, limit, buffer, overflow }) => {
      const { out, signal } = session;
      const transform = file === undefined ? undefined : await loaded(file);
      const queues = await natsConnection(session, { service: true });
      const bridge = await queues.bridge(from, to, { ...given({ transform, concurrency, group, limit, buffer, overflow }), signal });
      out.note(`Passing on ${printable(from)} to ${printable(to)}; end with Ctrl-C.`);
      using progress = showProgress(out, bridge, ({ received, published }) => `${received} received, ${published} published`);
      const stats = await bridge.ended;
      progress.close();
      out.show([endJson(stats)], () => [`${plural(stats.published, "message")} passed on${stats.skipped === 0 ? "" : `, ${stats.skipped} left out`}${stats.failed === 0 ? "" : `, ${stats.failed} failed`}.`]);
      noteLoss(out, stats);
    }));
  return withExamples(command,
    "queuescope bridge 'source.>' destination.topic --url nats://localhost:4222",
    "queuescope bridge 'orders.*.created' 'audit.$1' --transform src/to-audit.ts",
    "queuescope bridge 'eu.>' 'archive.eu.>' --queue-group archivers");
}

async function loaded(file: string): Promise<(message: unknown, context: unknown) => unknown> {
  const { loadHandler } = await import("../../jobs/index.ts");
  return await loadHandler(file, process.cwd());
}
