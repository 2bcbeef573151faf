import { everyRule } from "./suite/index.ts";
import { local } from "./local.ts";

everyRule(local);
