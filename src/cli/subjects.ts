import { InvalidArgumentError } from "@commander-js/extra-typings";
import { stderrLogger } from "../client/log.ts";
import type { Connection } from "../client/connection.ts";
import type { FlowStats } from "../client/taps-flow.ts";
import type { TapMessage } from "../client/taps-message.ts";
import { isoTime, QueuescopeError } from "../core/index.ts";
import type { SubjectHeaders, TapOverflow, TapStats, Watch } from "../core/index.ts";
import { payloadJson } from "../client/transfer/json.ts";
import type { JsonRecord } from "../client/transfer/json.ts";
import type { Output } from "./output.ts";
import type { Session } from "./session.ts";
import { clockText, payloadLine, plural, printable } from "./text.ts";

export const OVERFLOWS: readonly TapOverflow[] = ["drop-oldest", "drop-newest"];

/** The connection of a command that needs NATS; a folder without queues gets no empty file from it. @throws unsupported */
export async function natsConnection(session: Session, { service = false } = {}): Promise<Connection> {
  const path = await session.missing();
  if (path !== null) throw new QueuescopeError("unsupported", `Subjects are NATS's, and the queues here would be a file (${path}). Say which server: --url nats://localhost:4222`, { field: "url" });
  // What a service logs is what it shows; QUEUESCOPE_LOG and --verbose set how much.
  return await session.connection(service && !session.logs ? stderrLogger("info") : session.logger);
}

/** Collects `name=value`; a name given again has several values. */
export function subjectHeader(text: string, before: SubjectHeaders | undefined): SubjectHeaders {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be name=value.");
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  const known = before?.[name];
  return { ...before, [name]: known === undefined ? value : [...(typeof known === "string" ? [known] : known), value] };
}

export function tapMessageJson(message: TapMessage): JsonRecord {
  const { subject, encoding, bytes, headers, reply, receivedAt } = message;
  return { subject, data: payloadJson({ encoding, bytes }), encoding, headers, reply, receivedAt: isoTime(receivedAt.getTime()) };
}

export function tapMessageLine({ subject, encoding, bytes, receivedAt }: TapMessage): string {
  return [clockText(receivedAt.getTime()), printable(subject), payloadLine({ encoding, bytes })].join("  ");
}

/** Says what was lost, where something was. */
export function noteLoss(out: Output, { dropped, interruptions }: TapStats): void {
  const parts = [
    ...(dropped === 0 ? [] : [`${plural(dropped, "message")} dropped because the buffer was full`]),
    ...(interruptions === 0 ? [] : [`the connection was lost ${interruptions === 1 ? "once" : `${interruptions} times`}, and what was published meanwhile with it`]),
  ];
  if (parts.length > 0) out.note(`${parts.join("; ")}.`);
}

/** A line that counts while it runs; on a terminal only. */
export function showProgress<S extends FlowStats>(out: Output, flow: { readonly stats: S; watch(onChange: () => void): Watch }, text: (stats: S) => string): Watch {
  return flow.watch(() => { out.progress(text(flow.stats)); });
}

/** Counters without those that only a living tap has. */
export function endJson(stats: FlowStats): JsonRecord {
  const counters = Object.entries(stats).filter(([name]) => name !== "buffered" && name !== "bufferedBytes");
  return { ...Object.fromEntries(counters), since: isoTime(stats.since), lastError: stats.lastError === null ? null : stats.lastError.message };
}
