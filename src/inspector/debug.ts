import { editorOf } from "./editor.ts";
import type { Handlers } from "./handlers.ts";

export const debugHandlers = {
  "debug.message": async ({ id, group }, { host, broker }) => {
    await editorOf(host).debugMessage(await broker.inspect.read(id, group));
    return {};
  },

  "debug.deadLetter": async ({ id }, { host, broker }) => {
    await editorOf(host).debugDeadLetter(await broker.inspect.deadLetter(id));
    return {};
  },
} satisfies Handlers<"debug.message" | "debug.deadLetter">;
