import type { Connection } from "../connections/connection.ts";

export function isWritable(connection: Connection): boolean {
  return !(connection.broker?.readOnly ?? connection.readOnly);
}
