import type { Crypt } from "../../core/index.ts";
import type { Store } from "./store.ts";
import type { Timings } from "./timings.ts";
import type { WriteTx } from "./tx.ts";

/** What the facets of one connection share. */
export interface Local {
  readonly store: Store;
  readonly crypt: Crypt;
  readonly timings: Timings;
}

/** What changes to messages need inside a transaction. */
export interface Work {
  readonly tx: WriteTx;
  readonly crypt: Crypt;
  readonly timings: Timings;
}

/** A transaction that changes messages. */
export async function change<T>(local: Local, work: (work: Work) => T): Promise<T> {
  const { crypt, timings } = local;
  const inTransaction = (tx: WriteTx): T => {
    timings.begin();
    const answer = work({ tx, crypt, timings });
    timings.store(tx);
    return answer;
  };
  return local.store.write(inTransaction, () => { timings.committed(); });
}
