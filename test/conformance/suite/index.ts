import { attempts } from "./attempts.ts";
import { data } from "./data.ts";
import { deadLetters } from "./dead-letters.ts";
import { encryption } from "./encryption.ts";
import { groups } from "./groups.ts";
import type { BrokerFactory } from "./harness.ts";
import { inspect } from "./inspect.ts";
import { options } from "./options.ts";
import { order } from "./order.ts";
import { pop } from "./pop.ts";
import { push } from "./push.ts";
import { pyqueue } from "./pyqueue.ts";
import { queen } from "./queen.ts";
import { queues } from "./queues.ts";
import { repair } from "./repair.ts";
import { settle } from "./settle.ts";
import { traces } from "./traces.ts";
import { transactions } from "./transactions.ts";
import { watch } from "./watch.ts";
import { workers } from "./workers.ts";

/** The whole contract (docs/semantics.md), as tests of any broker. */
export function everyRule(factory: BrokerFactory): void {
  for (const part of [order, groups, pop, settle, attempts, deadLetters, transactions, push, data, options, encryption, inspect, repair, traces, watch, queues, workers, queen, pyqueue]) part(factory);
}
