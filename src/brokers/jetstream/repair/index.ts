import type { Repair } from "../../../core/index.ts";
import { QueuescopeError } from "../../../core/index.ts";
import type { Engine } from "../engine.ts";

const later = (): Promise<never> => Promise.reject(new QueuescopeError("unsupported", "Being built."));

export function repairFacet(engine: Engine): Repair {
  void engine;
  return { edit: later, remove: later, purge: later, redrive: later, discard: later, seek: later, cancel: later, pauseGroup: later, resumeGroup: later, deleteGroup: later, hold: later, step: later, letGo: later };
}
