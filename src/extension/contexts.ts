/** Context keys that the extension sets; when-clauses of the manifest may use these and no others of ours. */
export const CONTEXT_KEYS = {
  /** What the Queues view has to show: `absent` (no local file yet) or `ready`. */
  state: "queuescope.state",
  queueFilter: "queuescope.queueFilter",
  hasQueues: "queuescope.hasQueues",
  /** Whether some connection goes to NATS, where there are subjects to listen to. */
  hasNats: "queuescope.hasNats",
} as const;

/** Tokens of tree rows' `contextValue`, several to a row with blanks between; menus match them as words. */
export const ROW_TOKENS = [
  "connection",
  "failed",
  "remote",
  "disconnected",
  "lacksCredentials",
  "keepsCredentials",
  "removable",
  "localNats",
  "nats",
  "queue",
  "partitions",
  "partition",
  "group",
  "section",
  "message",
  "deadLetter",
  "deadQueue",
  "workerDefinition",
  "workerInstance",
  "stream",
  "streamItem",
  "tap",
  "recording",
  "arrival",
  // States and abilities.
  "foreign",
  "paused",
  "running",
  "ready",
  "scheduled",
  "retrying",
  "leased",
  "dead",
  "held",
  "writable",
] as const;

export type RowToken = (typeof ROW_TOKENS)[number];

export function rowContext(...tokens: readonly (RowToken | false)[]): string {
  return tokens.filter((token) => token !== false).join(" ");
}
