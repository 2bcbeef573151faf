import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { serve } from "./suite/other-process.ts";

const [url = "", moved = "0"] = process.argv.slice(2);
serve(await openJetStream({ url, now: () => Date.now() + Number(moved) }));
