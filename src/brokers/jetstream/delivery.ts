import type { Delivery, MessageBase } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { messageId } from "./ids.ts";
import { HEADER } from "./message.ts";
import type { LogMessage } from "./message.ts";
import { receiptText } from "./receipts.ts";
import type { Place } from "./subjects.ts";
import type { Taken } from "./selection.ts";

/** What every view of a message shares. @param place of a scheduled message: where it will enter */
export function baseOf({ crypt }: Engine, queue: Definition, message: LogMessage, { partition, priority, alias }: Place = message.place): MessageBase {
  const id = messageId(queue.id, alias ?? message.seq);
  return {
    id,
    queue: queue.name,
    partition,
    payload: { encoding: message.encoding, bytes: crypt.unseal(message.data) },
    headers: message.headers(crypt.unseal),
    transactionId: message.transaction ?? id,
    priority,
    createdAt: message.at,
    expiresAt: message.expires,
    redrivenFrom: originOf(message),
    editedAt: message.editedAt,
  };
}

function originOf(message: LogMessage): Delivery["redrivenFrom"] {
  const origin = message.header(HEADER.origin);
  return origin === undefined ? null : (JSON.parse(origin) as Delivery["redrivenFrom"]);
}

export function deliveryOf(engine: Engine, queue: Definition, group: string, { message, lease, c, d }: Taken): Delivery {
  const { partition, alias } = message.place;
  return {
    ...baseOf(engine, queue, message),
    group,
    receipt: lease === null ? null : receiptText({ queue: queue.id, group, partition, token: lease.token, seq: message.seq, alias }),
    attempt: 1 + c,
    deliveryCount: d,
    leaseExpiresAt: lease === null ? null : lease.ends,
  };
}
