import { basename, dirname } from "node:path";
import type { Broker, LinkStatus } from "../../core/index.ts";
import type { HostConnection, PoppedLease, PoppedLeases } from "../../inspector/index.ts";
import type { ConnectionStatus } from "../../protocol/index.ts";

/** The one connection of a dashboard, open for as long as it runs. */
export function brokerConnection(broker: Broker): HostConnection {
  return {
    id: broker.url,
    label: labelOf(broker.url),
    open: () => Promise.resolve(broker),
    status: () => (broker.link === null ? { state: "open", reason: null } : statusOf(broker.link.status)),
    onStatus: (listener) => broker.link?.watch((status) => { listener(statusOf(status)); }) ?? { [Symbol.dispose]: () => undefined },
  };
}

function statusOf({ state, reason: given }: LinkStatus): ConnectionStatus {
  const reason = given ?? null;
  switch (state) {
    case "connecting":
      return { state: "connecting", reason };
    case "connected":
    case "restored":
      return { state: "open", reason: null };
    case "lost":
      return { state: "lost", reason };
    case "closed":
      return { state: "failed", reason };
  }
}

/** The workspace's name for its own file, else the file's or the server's. */
function labelOf(url: string): string {
  if (!url.startsWith("file:")) return url.replace(/^[a-z]+:\/\//, "");
  const path = url.slice("file:".length);
  const folder = dirname(path);
  return basename(folder) === ".queuescope" ? basename(dirname(folder)) : basename(path);
}

/** What is popped in the browser: known to all its pages, while the dashboard runs. */
export class PoppedInMemory implements PoppedLeases {
  readonly #leases = new Map<string, PoppedLease>();

  list(queue: string): readonly PoppedLease[] {
    return [...this.#leases.values()].filter((lease) => lease.queue === queue && lease.leaseExpiresAt > Date.now());
  }

  add(deliveries: Parameters<PoppedLeases["add"]>[0]): Promise<void> {
    for (const { queue, group, id, receipt, leaseExpiresAt } of deliveries) {
      if (receipt !== null && leaseExpiresAt !== null) this.#leases.set(receipt, { queue, group, messageId: id, receipt, leaseExpiresAt });
    }
    return Promise.resolve();
  }

  renewed(receipt: string, leaseExpiresAt: number): Promise<void> {
    const lease = this.#leases.get(receipt);
    if (lease !== undefined) this.#leases.set(receipt, { ...lease, leaseExpiresAt });
    return Promise.resolve();
  }

  remove(receipt: string): Promise<void> {
    this.#leases.delete(receipt);
    return Promise.resolve();
  }
}
