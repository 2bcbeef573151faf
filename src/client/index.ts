/** The library: `import { connect } from "queuescope"`. */
export { connect, type ConnectOptions } from "./connect.ts";
export type { Connection } from "./connection.ts";
export type { BufferedQueue, ConsumeOptions, HandlerOf, Queue } from "./queue.ts";
export type { BufferOptions, BufferStats } from "./buffer.ts";
export type { ConsumeSummary } from "./consume.ts";
export type { DeadLetterContext, DeadLetterHandler, DeadLetterOptions, DeadLetters, DeadLetterSelection, RedriveOptions } from "./dead-letters.ts";
export type { BatchHandler, Handler, HandlerContext, HandlerResult, HandlerTrace } from "./handler.ts";
export type { Pushable, PushInput } from "./items.ts";
export type { LogFields, Logger, LogLevel } from "./log.ts";
export type { DeadMessage, Message } from "./message.ts";
export type { Settleable } from "./settling.ts";
export type { Transaction, TransactionQueue } from "./transaction.ts";

// The port, for everything that the fluent methods don't cover: `queues.broker`.
export { DEFAULT_OPTIONS, ERROR_CODES, QueuescopeError } from "../core/index.ts";
export type * from "../core/broker.ts";
export type * from "../core/port/index.ts";
export type { BackoffInput, BackoffOption, QueueOptions, QueueOptionsInput } from "../core/options.ts";
export type { DeadLetter, DeadReason, Delivery, Headers, Message as InspectedMessage, MessageBase, MessageState, Pushed, TraceEvent } from "../core/message.ts";
export type { Duration } from "../core/duration.ts";
export type { ErrorCode } from "../core/errors.ts";
export type { Encoding, Payload } from "../core/payload.ts";
export type { Instant } from "../core/time.ts";
