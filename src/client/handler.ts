import type { Failure } from "../core/index.ts";
import type { Connection } from "./connection.ts";
import type { Message } from "./message.ts";

/** What a handler may return. Nothing, or `success: true`, acks; `success: false` is a nack, as a throw is. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a handler that returns nothing is the common one
export type HandlerResult = void | undefined | { readonly success: true } | { readonly success: false; readonly error?: string; readonly details?: unknown };

/** An event for the timeline of a message. */
export interface HandlerTrace {
  /** Default `info`. */
  readonly eventType?: string;
  readonly data?: unknown;
  /** One or many names by which the event is found across queues. */
  readonly traceName?: string | readonly string[];
}

export interface HandlerContext {
  /** The connection the message came from: to push more, settle by hand, or start a transaction. */
  readonly queues: Connection;
  /** Aborted when the result can't count any more: the lease is lost, or the consumer doesn't wait any longer. */
  readonly signal: AbortSignal;
  /** Adds an event to the timeline of the message (of each message that this call got, unless one is named). */
  readonly trace: (event: HandlerTrace, message?: Message) => Promise<void>;
}

export type Handler<T = unknown> = (message: Message<T>, context: HandlerContext) => HandlerResult | Promise<HandlerResult>;
export type BatchHandler<T = unknown> = (messages: readonly Message<T>[], context: HandlerContext) => HandlerResult | Promise<HandlerResult>;

/** The folder this code runs from: bundled or not, frames below the handler's come from here. */
const OWN_FOLDER = new URL(".", import.meta.url).href;

/** Why a handler failed, or `null` when it didn't. */
export function failureOf(result: unknown): Failure | null {
  if (typeof result !== "object" || result === null || !("success" in result) || result.success !== false) return null;
  const { error, details } = result as { error?: unknown; details?: unknown };
  return { message: typeof error === "string" && error !== "" ? error : "The handler returned success: false.", stack: detailsText(details) };
}

/** As text, whatever was thrown. */
export function failureFrom(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) return { message: typeof thrown === "string" ? thrown : `Thrown: ${safeJson(thrown)}` };
  const causes = thrown.cause instanceof Error ? `\ncaused by: ${withoutOwnFrames(thrown.cause.stack ?? thrown.cause.message)}` : "";
  return { message: thrown.message === "" ? thrown.name : `${thrown.name === "Error" ? "" : `${thrown.name}: `}${thrown.message}`, stack: `${withoutOwnFrames(thrown.stack ?? "")}${causes}` };
}

/** Who looks for the fault of a handler isn't helped by how it was called. */
function withoutOwnFrames(stack: string): string {
  const lines = stack.split("\n");
  const last = lines.findLastIndex((line) => /:\d+:\d+\)?$/.test(line) && !line.includes(OWN_FOLDER) && !line.includes("node:internal/"));
  return last < 0 ? stack : lines.slice(0, last + 1).join("\n");
}

function detailsText(details: unknown): string | undefined {
  if (details === undefined || details === null) return undefined;
  if (typeof details === "object" && "stack" in details && typeof details.stack === "string") return details.stack;
  return typeof details === "string" ? details : safeJson(details);
}

function safeJson(value: unknown): string {
  try {
    // Whatever its type says, it answers undefined for undefined, functions and symbols.
    const text: unknown = JSON.stringify(value);
    return typeof text === "string" ? text : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
