import { useState } from "preact/hooks";
import type { MethodName, Params, Progress, Result } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";

export interface Task<M extends MethodName> {
  readonly running: boolean;
  readonly progress: Progress<M> | undefined;
  readonly error: Error | undefined;
  /** Answers `undefined` where it failed, or was cancelled before anything was done. */
  readonly run: (params: Params<M>) => Promise<Result<M> | undefined>;
  readonly cancel: () => void;
}

/** Something long that a person started, sees the progress of, and may end. */
export function useTask<M extends MethodName>(method: M): Task<M> {
  const { client } = useInspector();
  const [stop, setStop] = useState<AbortController>();
  const [progress, setProgress] = useState<Progress<M>>();
  const [error, setError] = useState<Error>();

  async function run(params: Params<M>): Promise<Result<M> | undefined> {
    const own = new AbortController();
    setStop(own);
    setProgress(undefined);
    setError(undefined);
    try {
      return await client.call(method, params, { signal: own.signal, onProgress: setProgress });
    } catch (reason) {
      if (!own.signal.aborted) setError(reason instanceof Error ? reason : new Error(String(reason)));
      return undefined;
    } finally {
      setStop(undefined);
    }
  }

  return { running: stop !== undefined, progress, error, run, cancel: () => { stop?.abort(); } };
}
