import { contract } from "./suite/index.ts";
import { local } from "./local.ts";

contract(local);
