import type { Address } from "../documents/address.ts";
import type { AnyNode } from "../models/nodes.ts";
import { asNode } from "./target.ts";
import type { CommandFamily } from "./types.ts";

export const streamCommands = {
  "queuescope.openStreamItem": async (app, argument) => {
    const node = asNode(argument);
    const address = node === undefined ? undefined : addressOf(node);
    if (address !== undefined) await app.documents.show(address);
  },
} satisfies Partial<CommandFamily>;

function addressOf(node: AnyNode): Address | undefined {
  if (node.kind === "stream") return { kind: "stream", connection: node.connection.id, stream: node.stream.stream };
  if (node.kind === "subject") return { kind: "subject", connection: node.connection.id, stream: node.stream, subject: node.subject.subject };
  if (node.kind === "consumer") return { kind: "consumer", connection: node.connection.id, stream: node.stream, consumer: node.consumer.name };
  if (node.kind === "streamMessage") return { kind: "streamMessage", connection: node.connection.id, stream: node.message.stream, sequence: String(node.message.sequence) };
  if (node.kind === "key") return { kind: "key", connection: node.connection.id, stream: node.bucket, key: node.key };
  return undefined;
}
