import { QueuescopeError } from "../../core/index.ts";
import type { Broker } from "../../core/index.ts";

/** Every method of the port that changes something. */
const CHANGING = {
  queues: ["create", "configure", "delete", "pause", "resume"],
  messages: ["push", "pop", "settle", "settleAndPop", "renew", "transact", "trace"],
  repair: ["edit", "remove", "purge", "redrive", "undoRedrive", "discard", "seek", "cancel", "pauseGroup", "resumeGroup", "deleteGroup", "hold", "step", "letGo"],
  workers: ["heartbeat", "remove", "renewLeases", "releaseLeases"],
} as const satisfies { readonly [Facet in "queues" | "messages" | "repair" | "workers"]: readonly (keyof Broker[Facet])[] };

/** The facets of a connection that only looks. */
export function readOnlyFacets<Facets extends Pick<Broker, keyof typeof CHANGING>>(url: string, facets: Facets): Facets {
  const refuse = (): Promise<never> => Promise.reject(new QueuescopeError("read-only", `The connection to ${url} is read-only, so nothing can be changed through it. Connect without readOnly.`));
  const refusing = Object.entries(CHANGING).map(([facet, methods]) => {
    const own = facets[facet as keyof typeof CHANGING];
    return [facet, { ...own, ...Object.fromEntries(methods.map((method) => [method, refuse])) }];
  });
  return { ...facets, ...(Object.fromEntries(refusing) as Partial<Facets>) };
}
