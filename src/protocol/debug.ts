import * as z from "zod/mini";
import { nothing, shortText } from "./fields.ts";
import { method } from "./method.ts";

/** Only where the surroundings are an editor. The host asks which handler, starts it under the debugger with exactly that message, and tells problems itself. */
export const debugMethods = {
  "debug.message": method(z.object({ id: shortText, group: shortText }), nothing),
  "debug.deadLetter": method(z.object({ id: shortText }), nothing),
};
