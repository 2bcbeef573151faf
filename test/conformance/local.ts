import { mkdtemp, readdir, readFile, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocal } from "../../src/brokers/local/index.ts";
import type { BrokerFactory } from "./suite/harness.ts";
import { startProcess } from "./suite/other-process.ts";

/** The local file, in a folder of its own, with a clock that can be moved. */
export const local: BrokerFactory = {
  name: "local",
  longestAdvance: Number.POSITIVE_INFINITY,
  async create() {
    const folder = await mkdtemp(join(tmpdir(), "queuescope-conformance-"));
    const path = join(folder, "queues.db");
    let moved = 0;
    const now = (): number => Date.now() + moved;
    return {
      open: ({ readOnly = false, encryptionKeys = [] } = {}) => openLocal(path, { now, readOnly, encryptionKey: encryptionKeys.join(",") }),
      openElsewhere: () => startProcess(new URL("local-process.ts", import.meta.url), [path, String(moved)]),
      now,
      async advance(ms) {
        moved += ms;
        // Who waits set a timer by the old time: a signal makes them look at the clock.
        const signalled = new Date();
        await utimes(`${path}.sig`, signalled, signalled);
      },
      async dump() {
        const files = await readdir(folder);
        return Buffer.concat(await Promise.all(files.map((file) => readFile(join(folder, file)))));
      },
      remove: () => rm(folder, { recursive: true, force: true }),
    };
  },
};
