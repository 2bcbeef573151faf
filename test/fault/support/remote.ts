import type { TestContext } from "node:test";
import type { Broker } from "../../../src/core/index.ts";
import type { Facet, Order } from "../processes/broker.ts";
import { Child } from "./child.ts";

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

type Answer<T> = { readonly value: T } | { readonly error: Refusal };
type Resolved<F extends Facet, M extends keyof Broker[F]> = Broker[F][M] extends (...args: never[]) => Promise<infer T> ? T : never;
type Given<F extends Facet, M extends keyof Broker[F]> = Broker[F][M] extends (...args: infer A) => unknown ? A : never;

/** A broker in another process, called as ours are. */
export class RemoteBroker {
  readonly child: Child;

  /** `through`: a command in front, such as one that limits the process. */
  constructor(t: Pick<TestContext, "after">, args: readonly string[], through: readonly string[] = []) {
    this.child = new Child(t, "broker.ts", args, through);
  }

  /** Null when it could open the file. */
  async opened(): Promise<Refusal | null> {
    const answer = (await this.child.says()) as Answer<null>;
    return "error" in answer ? answer.error : null;
  }

  async attempt<F extends Facet, M extends keyof Broker[F] & string>(facet: F, method: M, ...args: Given<F, M>): Promise<Answer<Resolved<F, M>>> {
    return (await this.#ask({ facet, method, args })) as Answer<Resolved<F, M>>;
  }

  async call<F extends Facet, M extends keyof Broker[F] & string>(facet: F, method: M, ...args: Given<F, M>): Promise<Resolved<F, M>> {
    const answer = await this.attempt(facet, method, ...args);
    if ("error" in answer) throw new Error(`${facet}.${method}: ${answer.error.code}: ${answer.error.message}`);
    return answer.value;
  }

  async removeFile(path: string): Promise<void> {
    await this.#ask({ remove: path });
  }

  async integrity(): Promise<unknown> {
    return ((await this.#ask({ checkIntegrity: true })) as { value: unknown }).value;
  }

  #ask(order: Order): Promise<unknown> {
    return this.child.ask(order);
  }
}
