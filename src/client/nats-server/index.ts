/** A workspace's own nats-server: found or downloaded, started, looked at, stopped. */
export type { BinaryOptions, Download } from "./binary.ts";
export { localNatsStatus, startLocalNats, stopLocalNats } from "./local.ts";
export type { LocalNats, StartOptions, StopOptions } from "./local.ts";
