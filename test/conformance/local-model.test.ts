import { model } from "./suite/model.ts";
import { local } from "./local.ts";

model(local);
