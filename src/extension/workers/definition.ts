import type { WorkerSettings } from "../../client/workspace-file.ts";

/** A worker as the editor starts it: from queuescope.json, or put together by a command. */
export interface WorkerDefinition {
  readonly name: string;
  /** Where its handler or command is looked up. */
  readonly folder: string;
  readonly settings: WorkerSettings;
}
