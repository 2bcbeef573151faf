import type { ArrivedMessage, TapOverflow } from "../../../core/index.ts";

/** Fixed costs of a message that waits: the object, its subject and its headers. */
const OVERHEAD = 200;

/** Messages that wait to be taken, bounded by number and bytes. */
export class TapBuffer {
  readonly #most: number;
  readonly #mostBytes: number;
  readonly #overflow: TapOverflow;
  #items: ArrivedMessage[] = [];
  /** Where the oldest is: what stands before it was taken. */
  #head = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(most: number, mostBytes: number, overflow: TapOverflow) {
    this.#most = most;
    this.#mostBytes = mostBytes;
    this.#overflow = overflow;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  add(message: ArrivedMessage): void {
    const bytes = sizeOf(message);
    const full = (): boolean => this.size >= this.#most || this.#bytes + bytes > this.#mostBytes;
    if (full() && (this.#overflow === "drop-newest" || bytes > this.#mostBytes)) {
      this.#dropped += 1;
      return;
    }
    while (full()) this.#dropped += this.take(1).length;
    this.#items.push(message);
    this.#bytes += bytes;
  }

  take(max: number): ArrivedMessage[] {
    const taken = this.#items.slice(this.#head, this.#head + max);
    this.#head += taken.length;
    for (const message of taken) this.#bytes -= sizeOf(message);
    // Copied now and then, so that each message is moved once and what was taken can be forgotten.
    if (this.#head > 1024 || this.#head === this.#items.length) this.#forget();
    return taken;
  }

  all(): readonly ArrivedMessage[] {
    return this.#items.slice(this.#head);
  }

  #forget(): void {
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}

function sizeOf({ data }: ArrivedMessage): number {
  return data.byteLength + OVERHEAD;
}
