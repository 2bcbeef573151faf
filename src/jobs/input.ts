import type { DeadMessage, Message } from "../client/message.ts";

/** What a program gets on its standard input: the message as the CLI prints it, with JSON data untouched. */
export function inputJson(message: Message | DeadMessage): string {
  const fields: Record<string, unknown> = {
    id: message.id,
    queue: message.queue,
    partition: message.partition,
    encoding: message.encoding,
    headers: message.headers,
    transactionId: message.transactionId,
    priority: message.priority,
    createdAt: message.createdAt.toISOString(),
    group: message.group,
    deliveryCount: message.deliveryCount,
    ...("messageId" in message ? deathFields(message) : leaseFields(message)),
  };
  return `{"data":${dataJson(message)},${JSON.stringify(fields).slice(1)}\n`;
}

function dataJson(message: Message | DeadMessage): string {
  if (message.encoding === "json") return message.text;
  return JSON.stringify(message.encoding === "text" ? message.text : Buffer.from(message.bytes).toString("base64"));
}

function leaseFields(message: Message): Record<string, unknown> {
  return { receipt: message.receipt, attempt: message.attempt, leaseExpiresAt: message.leaseExpiresAt?.toISOString() ?? null };
}

function deathFields(letter: DeadMessage): Record<string, unknown> {
  return { messageId: letter.messageId, deadAt: letter.deadAt.toISOString(), reason: letter.reason, attempts: letter.attempts, error: letter.error, stack: letter.stack };
}
