import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { MethodName, Params, Result } from "../../src/protocol/index.ts";
import type { Client } from "../channel/client.ts";
import { useInspector } from "./inspector.ts";

export interface Asked<M extends MethodName> {
  /** The last answer; it stays while it is asked for again. */
  readonly value: Result<M> | undefined;
  readonly error: Error | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
}

interface Answer<M extends MethodName> {
  readonly key: string;
  readonly value?: Result<M> | undefined;
  readonly error?: Error | undefined;
  readonly loading: boolean;
}

/** Asks the host, and again whenever the parameters or anything in the broker change. `null` asks nothing. */
export function useCall<M extends MethodName>(method: M, params: Params<M> | null): Asked<M> {
  const { client, version } = useInspector();
  return useQuestion(client, version, method, params);
}

/** The same for whoever isn't below an inspector; asked again with each version. */
export function useQuestion<M extends MethodName>(client: Client, version: number, method: M, params: Params<M> | null): Asked<M> {
  const key = params === null ? null : JSON.stringify(params);
  const [answer, setAnswer] = useState<Answer<M>>();
  const question = useRef<Question<M> | undefined>(undefined);

  useEffect(() => {
    if (params === null || key === null) return;
    const asked = new Question(client, method, params, (next) => { setAnswer((last) => ({ key, value: next.value ?? (last?.key === key ? last.value : undefined), error: next.error, loading: next.loading })); });
    question.current = asked;
    return () => { asked.stop(); };
    // The key stands for the parameters.
  }, [client, method, key]);
  useEffect(() => { question.current?.ask(); }, [client, method, key, version]);

  const current = answer?.key === key ? answer : undefined;
  return { value: current?.value, error: current?.error, loading: current?.loading ?? key !== null, reload: useCallback(() => { question.current?.ask(); }, []) };
}

/** One call at a time: whoever asks during a call gets one more after it, so that a busy queue doesn't starve its own view. */
class Question<M extends MethodName> {
  readonly #client: Client;
  readonly #method: M;
  readonly #params: Params<M>;
  readonly #tell: (answer: Omit<Answer<M>, "key">) => void;
  readonly #stop = new AbortController();
  #running = false;
  #again = false;

  constructor(client: Client, method: M, params: Params<M>, tell: (answer: Omit<Answer<M>, "key">) => void) {
    this.#client = client;
    this.#method = method;
    this.#params = params;
    this.#tell = tell;
  }

  ask(): void {
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#tell({ loading: true });
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false;
      const answer = await this.#answer();
      if (answer !== null) this.#tell({ ...answer, loading: this.#again });
    }
    this.#running = false;
  }

  /** `null` once it was stopped. */
  async #answer(): Promise<Pick<Answer<M>, "value" | "error"> | null> {
    const { signal } = this.#stop;
    try {
      const value = await this.#client.call(this.#method, this.#params, { signal });
      return signal.aborted ? null : { value };
    } catch (error) {
      return signal.aborted ? null : { error: error instanceof Error ? error : new Error(String(error)) };
    }
  }
}
