import { durationMs, textPayload, valuePayload } from "../core/index.ts";
import type { Duration, Encoding, SubjectHeaders, SubjectMessage } from "../core/index.ts";
import { encodedPayload } from "./items.ts";

export interface PublishOptions {
  readonly headers?: SubjectHeaders | undefined;
  /** As for push: `json` is JSON text that is sent as it is, `text` text, `bytes` a Uint8Array. */
  readonly encoding?: Encoding | undefined;
  /** A subject for answers, to be listened to by somebody. */
  readonly reply?: string | undefined;
  /** How long the server may take to confirm; default 10 s. A bare number is milliseconds. */
  readonly timeout?: Duration | undefined;
}

export interface RequestOptions extends Pick<PublishOptions, "headers" | "encoding"> {
  /** How long the answer may take; default 5 s. A bare number is milliseconds. */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What to send: a string as it is, a Uint8Array as it is, nothing as no bytes, any other value as JSON. */
export function publication(subject: string, data: unknown, { headers, encoding, reply, timeout }: PublishOptions = {}): { readonly message: SubjectMessage; readonly timeout: { readonly timeout?: number } } {
  return {
    message: { subject, data: subjectData(data, encoding), headers, reply },
    timeout: timeout === undefined ? {} : { timeout: durationMs(timeout, "timeout", "ms") },
  };
}

export function subjectData(data: unknown, encoding: Encoding | undefined): Uint8Array {
  if (encoding !== undefined) return encodedPayload(data, encoding).bytes;
  if (data === undefined) return new Uint8Array();
  return (typeof data === "string" ? textPayload(data) : valuePayload(data)).bytes;
}
