export type Encoding = "json" | "text" | "bytes";
export const ENCODINGS = ["json", "text", "bytes"] as const satisfies readonly Encoding[];

/**
 * Data as it is stored. JSON is the UTF-8 text that was pushed, so numbers beyond 2^53, key order
 * and blanks survive.
 */
export interface Payload {
  readonly encoding: Encoding;
  readonly bytes: Uint8Array;
}
