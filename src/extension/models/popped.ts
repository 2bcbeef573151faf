import type { Delivery } from "../../core/index.ts";

/** What is needed to settle a message that was popped here. */
export interface Popped {
  readonly connectionId: string;
  readonly queue: string;
  readonly group: string;
  readonly messageId: string;
  readonly receipt: string;
  readonly leaseExpiresAt: number;
}

/** Where the receipts are kept across reloads of the window. */
export interface PoppedStorage {
  get(): readonly Popped[];
  set(popped: readonly Popped[]): Promise<void>;
}

/** Messages popped in this window whose lease lives. A receipt works from any process, so it survives a reload of the window. */
export class PoppedMessages {
  readonly #storage: PoppedStorage;
  #popped: Popped[];

  constructor(storage: PoppedStorage) {
    this.#storage = storage;
    this.#popped = storage.get().filter(({ leaseExpiresAt }) => leaseExpiresAt > Date.now());
  }

  find(connectionId: string, group: string, messageId: string): Popped | undefined {
    return this.#popped.find((popped) => popped.connectionId === connectionId && popped.group === group && popped.messageId === messageId && popped.leaseExpiresAt > Date.now());
  }

  list(connectionId: string, queue: string): readonly Popped[] {
    return this.#popped.filter((popped) => popped.connectionId === connectionId && popped.queue === queue && popped.leaseExpiresAt > Date.now());
  }

  async add(connectionId: string, deliveries: readonly Delivery[]): Promise<void> {
    const added = deliveries.flatMap((delivery) =>
      delivery.receipt === null || delivery.leaseExpiresAt === null
        ? []
        : [{ connectionId, queue: delivery.queue, group: delivery.group, messageId: delivery.id, receipt: delivery.receipt, leaseExpiresAt: delivery.leaseExpiresAt }],
    );
    await this.#save([...this.#popped, ...added]);
  }

  async renewed(receipt: string, leaseExpiresAt: number): Promise<void> {
    await this.#save(this.#popped.map((popped) => (popped.receipt === receipt ? { ...popped, leaseExpiresAt } : popped)));
  }

  async remove(receipt: string): Promise<void> {
    await this.#save(this.#popped.filter((popped) => popped.receipt !== receipt));
  }

  async #save(popped: readonly Popped[]): Promise<void> {
    this.#popped = popped.filter(({ leaseExpiresAt }) => leaseExpiresAt > Date.now());
    await this.#storage.set(this.#popped);
  }
}
