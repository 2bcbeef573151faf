import { QueuescopeError } from "../../core/index.ts";
import { JetStreamError } from "./api.ts";

const JETSTREAM_OFF = new Set([10_039, 10_076]);
const FULL = new Set([10_023, 10_028, 10_047, 10_077, 10_002]);
/** Not found, and (10096) just being deleted. */
const STREAM_GONE = new Set([10_059, 10_096]);
const TOO_LARGE = 10_054;

/** What a JetStream server refuses, in our words; its own error is the cause. */
export function apiFailure(error: { code: number; err_code?: number; description: string }): QueuescopeError {
  const code = error.err_code ?? error.code;
  const cause = new JetStreamError(code, error.description);
  if (JETSTREAM_OFF.has(code)) return new QueuescopeError("unsupported", "JetStream is off on this server or for this account. Start nats-server with -js, or enable JetStream for the account.", { cause });
  if (FULL.has(code)) return new QueuescopeError("storage-full", `The NATS server has no room for it: ${error.description}. Free space, or raise the limits of the account, the stream or the server; nothing of this was stored.`, { cause });
  if (code === TOO_LARGE) return new QueuescopeError("payload-too-large", `The stream refuses a message of this size: ${error.description}.`, { cause });
  if (STREAM_GONE.has(code)) return new QueuescopeError("queue-not-found", "A stream of this queue is gone: the queue was deleted, or the stream was by hand. Then delete the queue: the next push makes it anew.", { cause });
  return new QueuescopeError("unavailable", `The NATS server refused a request: ${error.description} (${code}).`, { cause });
}
