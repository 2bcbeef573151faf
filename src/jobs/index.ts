/** Handlers and the workers that run them. */
export { runWorker } from "./worker.ts";
export { loadHandler } from "./load-handler.ts";
export type { WorkerOptions, WorkerSummary } from "./types.ts";
