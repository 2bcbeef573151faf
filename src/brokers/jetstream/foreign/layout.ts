import type { DeadLetter, Headers, Message, Payload, PushItem, QueueOptionsInput, RedriveRequest, WorkerInfo } from "../../../core/index.ts";
import type { Stored } from "../api.ts";
import type { ConsumerInfo } from "./source.ts";

/** A queue of another system: one subject of one stream, with the durable consumer that its workers share. */
export interface ForeignQueue {
  /** With its system's prefix: `naq:mails`. */
  readonly name: string;
  readonly stream: string;
  readonly subject: string;
  /** Messages stored under the subject. */
  readonly messages: number;
  /** The stream's share of bytes. */
  readonly bytes: number;
  readonly createdAt: number;
  readonly consumer: ConsumerInfo | null;
  readonly options: QueueOptionsInput;
}

/** What a stored message means. */
export interface Decoded {
  readonly payload: Payload;
  readonly headers: Headers;
  /** The system's own id; `null` where it can't be read. */
  readonly transactionId: string | null;
  readonly priority: number;
  /** Attempts that failed, where the message says so. */
  readonly charges: number;
  /** Why it is shown raw. */
  readonly note: string | null;
}

/** What an id names. */
export type Place =
  | { readonly kind: "message" | "dead"; readonly stream: string; readonly seq: number }
  | { readonly kind: "scheduled"; readonly key: string };

/** What is to be published, in the system's own form. */
export interface Outgoing {
  readonly data: Uint8Array;
  readonly headers: Headers;
  /** The system's own id. */
  readonly transactionId: string;
}

/** How one other system lays its queues out on JetStream. */
export interface Layout {
  /** Of its queues' names and of its ids: `naq:`. */
  readonly prefix: string;
  readonly product: string;
  /** All of them, by name; a bounded number. */
  queues(): Promise<ForeignQueue[]>;
  find(name: string): Promise<ForeignQueue | undefined>;
  /** The queue of a name that doesn't exist yet, where a push makes it. @throws queue-not-found, invalid-input */
  fresh(name: string): Promise<ForeignQueue>;
  /** `undefined`: no id of this system. */
  place(id: string): Place | undefined;
  idOf(stream: string, seq: number): string;
  /** Which of its queues holds a stored message. */
  queueOf(stored: Stored, stream: string): string;
  decode(stored: Stored): Decoded;
  /** Due ones first. */
  scheduled(queue: ForeignQueue): Promise<Message[]>;
  scheduledMessage(key: string): Promise<Message | undefined>;
  /** In the order they died, after the id. */
  dead(queue: ForeignQueue, after: string | undefined, limit: number): Promise<{ letters: DeadLetter[]; next: string | null }>;
  deadLetter(place: Place): Promise<DeadLetter | undefined>;
  deadCount(queue: ForeignQueue): Promise<number>;
  /** By the sequence in its dead letter's id. */
  isDead(queue: ForeignQueue, seq: number): Promise<boolean>;
  /** Sequences of its messages that are known to be dead. */
  deadMessages(queue: ForeignQueue): Promise<ReadonlySet<number>>;
  /** Acknowledged messages are kept, so what is below the ack floor is done. */
  readonly keepsCompleted: boolean;
  /** @throws invalid-input, unsupported */
  encode(queue: ForeignQueue, item: PushItem): Promise<Outgoing>;
  /** @throws invalid-input, unsupported */
  encodeAgain(queue: ForeignQueue, letter: DeadLetter, change: Pick<RedriveRequest, "payload" | "headers">): Promise<Outgoing>;
  workers(): Promise<WorkerInfo[]>;
  close(): void;
}
