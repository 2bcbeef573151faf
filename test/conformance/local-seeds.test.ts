import { seeds } from "./suite/index.ts";
import { local } from "./local.ts";

seeds(local);
