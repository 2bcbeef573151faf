import { model } from "./suite/index.ts";
import { local } from "./local.ts";

model(local);
