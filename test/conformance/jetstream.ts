import { connect } from "@nats-io/transport-node";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import type { NatsVersion } from "../support/nats-server.ts";
import { startNatsServer } from "../support/nats-server.ts";
import type { BrokerFactory } from "./suite/harness.ts";
import { startProcess } from "./suite/other-process.ts";

/** JetStream on a server of its own, with a clock that can be moved. */
export function jetstream(version: NatsVersion): BrokerFactory {
  return {
    name: version === "newest" ? "jetstream" : `jetstream on ${version}`,
    longestAdvance: Number.POSITIVE_INFINITY,
    async create() {
      // Room for the suite's larger payloads; the default is 1 MiB.
      const server = await startNatsServer({ version, config: "max_payload: 8MB" });
      let moved = 0;
      const now = (): number => Date.now() + moved;
      return {
        open: ({ readOnly = false, encryptionKeys = [] } = {}) => openJetStream({ url: server.url, now, readOnly, encryptionKey: encryptionKeys.join(",") }),
        openElsewhere: () => startProcess(new URL("jetstream-process.ts", import.meta.url), [server.url, String(moved)]),
        now,
        async advance(ms) {
          moved += ms;
          // Who waits set a timer by the old time: a notice makes them look at the clock.
          const nc = await connect({ servers: server.url });
          nc.publish("qs-n.=all");
          await nc.drain();
        },
        async dump() {
          await server.kill("SIGTERM");
          const files = await readdir(server.storeDir, { recursive: true, withFileTypes: true });
          return Buffer.concat(await Promise.all(files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name)))));
        },
        remove: () => server.stop(),
      };
    },
  };
}
