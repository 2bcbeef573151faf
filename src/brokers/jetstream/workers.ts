import type { Workers } from "../../core/index.ts";
import { QueuescopeError } from "../../core/index.ts";
import type { Engine } from "./engine.ts";

const later = (): Promise<never> => Promise.reject(new QueuescopeError("unsupported", "Being built."));

export function workersFacet(engine: Engine): Workers {
  engine;
  return { heartbeat: later, list: later, remove: later, renewLeases: later, releaseLeases: later };
}
