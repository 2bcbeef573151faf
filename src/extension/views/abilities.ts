import type { Connection } from "../connections/connection.ts";

export function isWritable(connection: Connection): boolean {
  return !(connection.broker?.readOnly ?? connection.readOnly);
}

/** Whether a queue is another system's (NAQ, Protoqueue): it is looked at, pushed to and redriven, and its own workers do the rest. */
export function isForeign(queue: string): boolean {
  return /^(naq|protoqueue):/.test(queue);
}
