import { isQueuescopeError, type Message, type QueuescopeError, type Settlement } from "../core/index.ts";
import type { Params, PoppedView, SettledView } from "../protocol/index.ts";
import type { Handlers } from "./handlers.ts";
import type { PoppedLease } from "./host.ts";
import { messageRow } from "./messages.ts";

export const popHandlers = {
  "pop.peek": async ({ queue, ...request }, { broker }) => ({ rows: (await broker.inspect.peek(queue, request)).map(messageRow) }),

  "pop.list": async ({ queue }, { broker, host }) => {
    const views = await Promise.all(host.popped.list(queue).map(async (lease) => {
      const message = await stillLeased(() => broker.inspect.read(lease.messageId, lease.group));
      // Settled elsewhere, or removed: its receipt is of no use any more.
      if (message === null) await host.popped.remove(lease.receipt);
      return message === null ? null : view(lease, message);
    }));
    return { popped: views.filter((each) => each !== null) };
  },

  "pop.take": async ({ queue, group, partition, batch, lease, start }, { broker, host }) => {
    const deliveries = await broker.messages.pop(queue, {
      group,
      batch,
      ...(partition === undefined ? {} : { partition }),
      ...(lease === undefined ? {} : { lease }),
      ...(start === undefined ? {} : { start }),
    });
    await host.popped.add(deliveries);
    return { taken: deliveries.length };
  },

  "pop.settle": async (params, { broker, host }) => {
    const results = await broker.messages.settle(params.receipts.map((receipt) => settlement(receipt, params)));
    // Those that could not be settled are gone as well: a receipt ends with its lease.
    for (const { receipt } of results) await host.popped.remove(receipt);
    return { results: results.map((result): SettledView => (result.ok ? { receipt: result.receipt, messageId: result.messageId, outcome: result.outcome, error: null } : refused(result))) };
  },

  "pop.renew": async ({ receipts, lease }, { broker, host }) => {
    const results = await broker.messages.renew(receipts, lease);
    for (const result of results) {
      if (result.ok) await host.popped.renewed(result.receipt, result.leaseExpiresAt);
      else await host.popped.remove(result.receipt);
    }
    return { results: results.map((result): SettledView => (result.ok ? { receipt: result.receipt, messageId: null, outcome: "renewed", error: null } : refused(result))) };
  },
} satisfies Handlers<"pop.peek" | "pop.list" | "pop.take" | "pop.settle" | "pop.renew">;

function refused({ receipt, error: { code, message } }: { readonly receipt: string; readonly error: QueuescopeError }): SettledView {
  return { receipt, messageId: null, outcome: null, error: { code, message } };
}

function settlement(receipt: string, { action, error, delay }: Params<"pop.settle">): Settlement {
  const failure = error === undefined || error === "" ? {} : { error: { message: error } };
  switch (action) {
    case "ack":
    case "release":
      return { action, receipt };
    case "nack":
      return { action, receipt, ...failure, ...(delay === undefined ? {} : { delay }) };
    case "dead":
      return { action, receipt, ...failure };
  }
}

async function stillLeased(read: () => Promise<Message>): Promise<Message | null> {
  try {
    const message = await read();
    return message.state === "leased" ? message : null;
  } catch (error) {
    if (isQueuescopeError(error, "message-not-found") || isQueuescopeError(error, "queue-not-found")) return null;
    throw error;
  }
}

function view({ receipt, group, leaseExpiresAt }: PoppedLease, message: Message): PoppedView {
  // Another process may have renewed it with the same receipt: the broker knows until when.
  return { receipt, group, leaseExpiresAt: message.until ?? leaseExpiresAt, attempt: message.charges + 1, message: messageRow(message) };
}
