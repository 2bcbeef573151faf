import type { MethodName, Params, Progress, Result } from "../protocol/index.ts";
import { deadLetterHandlers } from "./dead-letters.ts";
import type { Call } from "./host.ts";
import { messageHandlers } from "./messages.ts";
import { popHandlers } from "./pop.ts";
import { pushHandlers } from "./push.ts";
import { queueHandlers } from "./queue.ts";

export type Handler<M extends MethodName> = (params: Params<M>, call: Call<Progress<M>>) => Promise<Result<M>>;
/** The handlers of some methods: `satisfies Handlers<"queue.get" | …>`. */
export type Handlers<M extends MethodName> = { readonly [K in M]: Handler<K> };

/** One for each method of the protocol: a missing one doesn't compile. */
export const HANDLERS: Handlers<MethodName> = { ...queueHandlers, ...messageHandlers, ...deadLetterHandlers, ...pushHandlers, ...popHandlers };
