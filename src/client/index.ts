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
export type { Bridge, BridgedMessage, BridgeOptions, BridgeStats, BridgeTransform } from "./taps-bridge.ts";
export type { FlowStats } from "./taps-flow.ts";
export type { TapMessage } from "./taps-message.ts";
export type { PublishOptions, RequestOptions } from "./taps-publish.ts";
export type { Recording, RecordingStats, TapIntoOptions } from "./taps-recording.ts";
export type { Tap, TapOptions } from "./taps-tap.ts";
export type { Transaction, TransactionQueue } from "./transaction.ts";

// The port, for everything that the fluent methods don't cover: `queues.broker`.
export { DEFAULT_OPTIONS, ERROR_CODES, QueuescopeError } from "../core/index.ts";
export type * from "../core/broker.ts";
export type * from "../core/port/index.ts";
export type { BackoffInput, BackoffOption, QueueOptions, QueueOptionsInput } from "../core/options.ts";
export type { DeadLetter, DeadReason, Delivery, Headers, Message as InspectedMessage, MessageBase, MessageState, Pushed, TraceEvent } from "../core/message.ts";
export type { Duration } from "../core/duration.ts";
export type { SubjectHeaders } from "../core/subjects.ts";
export type { ErrorCode } from "../core/errors.ts";
export type { Encoding, Payload } from "../core/encoding.ts";
export type { Instant } from "../core/time.ts";
