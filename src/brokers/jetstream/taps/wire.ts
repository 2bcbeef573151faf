import type { Msg, MsgHdrs } from "@nats-io/transport-node";
import type { ArrivedMessage, SubjectHeaders } from "../../../core/index.ts";

export function arrived(message: Msg): ArrivedMessage {
  return {
    subject: message.subject,
    // A copy: the client's is a window on everything that was read from the socket at once, and would keep all of it.
    data: new Uint8Array(message.data),
    headers: message.headers === undefined ? {} : headersOf(message.headers),
    ...(message.reply === undefined || message.reply === "" ? {} : { reply: message.reply }),
    receivedAt: Date.now(),
  };
}

function headersOf(headers: MsgHdrs): SubjectHeaders {
  return Object.fromEntries(headers.keys().map((name) => {
    const values = headers.values(name);
    return [name, values.length === 1 ? (values[0] ?? "") : values];
  }));
}

/** @param block of the connection's own package */
export function fillHeaders(block: MsgHdrs, headers: SubjectHeaders): MsgHdrs {
  for (const [name, given] of Object.entries(headers)) {
    for (const value of typeof given === "string" ? [given] : given) block.append(name, value);
  }
  return block;
}

/** Of the block as it is sent: `NATS/1.0`, a line each, an empty line. */
export function headerBytes(headers: SubjectHeaders): number {
  const lines = Object.entries(headers).flatMap(([name, given]) => (typeof given === "string" ? [given] : given).map((value) => Buffer.byteLength(name) + Buffer.byteLength(value) + 4));
  return lines.length === 0 ? 0 : lines.reduce((sum, bytes) => sum + bytes, 12);
}
