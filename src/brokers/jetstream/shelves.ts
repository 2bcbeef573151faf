import type { LogMessage } from "./message.ts";

/** A run of one partition's messages, all of those in (from, to]. */
interface Shelf {
  from: number;
  to: number;
  messages: LogMessage[];
}

const MOST = 20_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Messages that were read already and wait for their turn, in memory: what isn't here is read again. */
export class Shelves {
  readonly #shelves = new Map<string, Shelf>();
  readonly #singles = new Map<number, LogMessage>();
  #count = 0;
  #bytes = 0;

  /** What is put here now is forgotten. */
  get isFull(): boolean {
    return this.#count >= MOST || this.#bytes >= MOST_BYTES;
  }

  /** The partition's messages behind `pos`, in order, as far as they are known without a gap; `to` is how far. */
  behind(partition: string, pos: number): { readonly messages: readonly LogMessage[]; readonly to: number } {
    const shelf = this.#shelves.get(partition);
    if (shelf === undefined || shelf.from > pos) return { messages: [], to: pos };
    const settled = shelf.messages.findIndex(({ seq }) => seq > pos);
    this.#forget(shelf.messages.splice(0, settled < 0 ? shelf.messages.length : settled));
    shelf.from = Math.max(shelf.from, pos);
    return { messages: shelf.messages, to: Math.max(shelf.to, pos) };
  }

  /** What a pop waits for: others make room for it. */
  fetched(partition: string, after: number, messages: readonly LogMessage[]): void {
    for (const other of this.#shelves.keys()) {
      if (!this.isFull) break;
      this.drop(other);
    }
    this.put(partition, after, messages);
  }

  /** @param after no message of the partition is between this and the first of `messages` */
  put(partition: string, after: number, messages: readonly LogMessage[]): void {
    const last = messages.at(-1);
    if (last === undefined || this.isFull) return;
    const shelf = this.#shelves.get(partition);
    if (shelf !== undefined && shelf.to >= after && shelf.from <= after) {
      const known = shelf.to;
      const fresh = messages.filter(({ seq }) => seq > known);
      shelf.messages.push(...fresh);
      shelf.to = Math.max(shelf.to, last.seq);
      this.#remember(fresh);
      return;
    }
    if (shelf !== undefined && after <= shelf.from && last.seq >= shelf.from) {
      const fresh = messages.filter(({ seq }) => seq <= shelf.from);
      shelf.messages.unshift(...fresh);
      shelf.from = after;
      this.#remember(fresh);
      return;
    }
    this.drop(partition);
    this.#shelves.set(partition, { from: after, to: last.seq, messages: [...messages] });
    this.#remember(messages);
  }

  drop(partition: string): void {
    const shelf = this.#shelves.get(partition);
    if (shelf === undefined) return;
    this.#forget(shelf.messages);
    this.#shelves.delete(partition);
  }

  /** Messages without a partition that came again. */
  single(seq: number): LogMessage | undefined {
    return this.#singles.get(seq);
  }

  putSingle(message: LogMessage): void {
    this.#singles.set(message.seq, message);
  }

  dropSingle(seq: number): void {
    this.#singles.delete(seq);
  }

  clear(): void {
    this.#shelves.clear();
    this.#singles.clear();
    this.#count = 0;
    this.#bytes = 0;
  }

  #remember(messages: readonly LogMessage[]): void {
    this.#count += messages.length;
    for (const { data } of messages) this.#bytes += data.length;
  }

  #forget(messages: readonly LogMessage[]): void {
    this.#count -= messages.length;
    for (const { data } of messages) this.#bytes -= data.length;
  }
}
