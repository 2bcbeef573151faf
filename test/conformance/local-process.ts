import { openLocal } from "../../src/brokers/local/index.ts";
import { serve } from "./suite/other-process.ts";

const [path = "", moved = "0"] = process.argv.slice(2);
serve(await openLocal(path, { now: () => Date.now() + Number(moved) }));
