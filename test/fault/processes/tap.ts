/** `tap.ts URL DB`: pushes what it hears on `fault.>` to the queue `heard` of the file, in a queue group with its like, and confirms. */
import { openConnection } from "../../../src/brokers/jetstream/connection/index.ts";
import { openSubjects } from "../../../src/brokers/jetstream/taps/index.ts";
import { openLocal } from "../../../src/brokers/local/index.ts";
import { Connection } from "../../../src/client/connection.ts";
import { HeldLeases } from "../../../src/client/leases.ts";
import { silentLogger } from "../../../src/client/log.ts";

const [, , url = "", path = ""] = process.argv;
const handle = await openConnection({ url, reconnect: { wait: 20, maxWait: 100 } });
const broker = { ...await openLocal(path), subjects: openSubjects(handle) };
const queues = new Connection({ broker, held: new HeldLeases(), logger: silentLogger, release: () => broker.close() });
const recording = await queues.tapInto("fault.>", "heard", { group: "taps", confirm: true });
process.send?.("listening");
await recording.ended;
