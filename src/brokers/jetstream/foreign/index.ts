import type { Streams } from "../../../core/index.ts";
import type { Api } from "../api.ts";
import type { Publisher } from "../publisher.ts";
import { type QueueFacets, withForeignQueues } from "./compose.ts";
import { Marks } from "./marks.ts";
import { NaqLayout } from "./naq/layout.ts";
import { Deaths } from "./protoqueue/deaths.ts";
import { ProtoqueueLayout } from "./protoqueue/layout.ts";
import { ForeignQueues } from "./queues.ts";
import { Source } from "./source.ts";
import { streamsFacet } from "./streams.ts";

/** What others keep on the same JetStream. */
export interface Foreign {
  readonly streams: Streams;
  readonly queues: ForeignQueues;
  /** The same facets, with other systems' queues among the own ones. */
  compose(own: QueueFacets): QueueFacets;
  close(): void;
}

export interface ForeignOptions {
  readonly readOnly?: boolean;
  /** Copies of the two streams of Queuescope's own that this may make; default 1. */
  readonly replicas?: number;
}

export function openForeign(api: Api, publisher: Publisher, { readOnly = false, replicas = 1 }: ForeignOptions = {}): Foreign {
  const source = new Source(api);
  const deaths = new Deaths(source, replicas);
  const queues = new ForeignQueues(source, publisher, new Marks(source, publisher, replicas), [new NaqLayout(source), new ProtoqueueLayout(source, deaths)]);
  return {
    streams: streamsFacet(source, deaths, readOnly),
    queues,
    compose: (own) => withForeignQueues(own, queues, readOnly),
    close: () => { queues.close(); },
  };
}

export type { QueueFacets } from "./compose.ts";
