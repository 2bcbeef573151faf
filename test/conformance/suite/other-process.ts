import { fork } from "node:child_process";
import { once } from "node:events";
import { type Broker, type ErrorCode, QueuescopeError } from "../../../src/core/index.ts";

type Facet = "queues" | "messages" | "inspect" | "repair" | "workers";
type Call<F extends Facet, M extends keyof Broker[F]> = Broker[F][M] extends (...args: infer A) => Promise<infer R> ? { args: A; result: R } : never;

/** A broker handle in a Node process of its own, called by messages. */
export interface OtherProcess {
  readonly pid: number;
  call<F extends Facet, M extends keyof Broker[F] & string>(facet: F, method: M, ...args: Call<F, M>["args"]): Promise<Call<F, M>["result"]>;
  close(): Promise<void>;
}

export interface Request {
  readonly id: number;
  readonly facet: Facet;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: { readonly code: ErrorCode; readonly message: string } });

/** @param main a module that opens its broker and calls `serve` with it */
export async function startProcess(main: URL, args: readonly string[]): Promise<OtherProcess> {
  const child = fork(main, [...args], { serialization: "advanced", execArgv: [] });
  const waiting = new Map<number, (reply: Reply) => void>();
  let calls = 0;
  const ended = new Promise<void>((resolve) => child.once("exit", () => { resolve(); }));
  child.on("message", (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  await Promise.race([
    once(child, "message"),
    ended.then(() => { throw new Error(`The other process ended before it was ready: ${main.href}`); }),
  ]);
  return {
    pid: child.pid ?? 0,
    async call<F extends Facet, M extends keyof Broker[F] & string>(facet: F, method: M, ...callArgs: Call<F, M>["args"]) {
      calls += 1;
      const id = calls;
      const answered = new Promise<Reply>((resolve) => { waiting.set(id, resolve); });
      child.send({ id, facet, method, args: callArgs } satisfies Request);
      const reply = await Promise.race([answered, ended.then(() => { throw new Error("The other process ended during a call."); })]);
      if ("error" in reply) throw new QueuescopeError(reply.error.code, reply.error.message);
      return reply.value;
    },
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** Answers calls with this broker until the parent is gone. */
export function serve(broker: Broker): void {
  const facets = broker as unknown as Record<string, Record<string, (...args: unknown[]) => Promise<unknown>>>;
  process.on("message", (request: Request) => {
    void answer(request).then((reply) => process.send?.(reply));
  });
  process.once("disconnect", () => {
    void broker.close().then(() => { process.exitCode = 0; });
  });
  process.send?.({ id: 0, value: "ready" } satisfies Reply);

  async function answer({ id, facet, method, args }: Request): Promise<Reply> {
    try {
      const value = await facets[facet]?.[method]?.(...args);
      return { id, value: plain(value) };
    } catch (error) {
      if (error instanceof QueuescopeError) return { id, error: { code: error.code, message: error.message } };
      return { id, error: { code: "corrupt", message: `not a QueuescopeError: ${String(error)}` } };
    }
  }
}

/** Errors lose their fields in a structured clone. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null && "error" in value && value.error instanceof QueuescopeError) return { ...value, error: value.error.toJSON() };
  return value;
}
