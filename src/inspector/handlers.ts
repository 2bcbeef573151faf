import type { MethodName, Params, Progress, Result } from "../protocol/index.ts";
import { debugHandlers } from "./debug.ts";
import { deadLetterHandlers } from "./dead-letters.ts";
import type { Call } from "./host.ts";
import { groupHandlers } from "./groups.ts";
import { messageHandlers } from "./messages.ts";
import { overviewHandlers } from "./overview.ts";
import { metricHandlers } from "./metrics.ts";
import { popHandlers } from "./pop.ts";
import { pushHandlers } from "./push.ts";
import { queueHandlers } from "./queue.ts";
import { traceHandlers } from "./traces.ts";

export type Handler<M extends MethodName> = (params: Params<M>, call: Call<Progress<M>>) => Promise<Result<M>>;
/** The handlers of some methods: `satisfies Handlers<"queue.get" | …>`. */
export type Handlers<M extends MethodName> = { readonly [K in M]: Handler<K> };

/** One for each method of the protocol: a missing one doesn't compile. */
export const HANDLERS: Handlers<MethodName> = { ...queueHandlers, ...overviewHandlers, ...messageHandlers, ...deadLetterHandlers, ...traceHandlers, ...pushHandlers, ...popHandlers, ...metricHandlers, ...groupHandlers, ...debugHandlers };
