import { attempts } from "./attempts.ts";
import { data } from "./data.ts";
import { deadLetters } from "./dead-letters.ts";
import { encryption } from "./encryption.ts";
import { groups } from "./groups.ts";
import type { BrokerFactory } from "./harness.ts";
import { inspect } from "./inspect.ts";
import { metricStates } from "./metric-states.ts";
import { newest } from "./newest.ts";
import { options } from "./options.ts";
import { order } from "./order.ts";
import { pop } from "./pop.ts";
import { push } from "./push.ts";
import { pyqueue } from "./pyqueue.ts";
import { queen } from "./queen.ts";
import { queues } from "./queues.ts";
import { repair } from "./repair.ts";
import { seekPreview } from "./seek-preview.ts";
import { settle } from "./settle.ts";
import { traces } from "./traces.ts";
import { transactions } from "./transactions.ts";
import { undo } from "./undo.ts";
import { watch } from "./watch.ts";
import { workers } from "./workers.ts";

/** Every rule of the contract (docs/semantics.md), for any broker. */
export function contract(factory: BrokerFactory): void {
  for (const part of [order, groups, pop, settle, attempts, deadLetters, undo, transactions, push, data, options, encryption, inspect, newest, metricStates, seekPreview, repair, traces, watch, queues, workers]) part(factory);
}

/** What users of Queen MQ and PyQueue rely on. */
export function seeds(factory: BrokerFactory): void {
  queen(factory);
  pyqueue(factory);
}

export { model } from "./model.ts";
