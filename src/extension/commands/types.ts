import type { App } from "../app.ts";
import type { CommandId } from "./ids.ts";

/** Called with what VS Code gives: for a row of a tree, the row and all selected rows. */
export type CommandHandler = (app: App, ...args: readonly unknown[]) => unknown;

/** A handler for each command; each family of commands has a part of it. */
export type CommandFamily = { readonly [K in CommandId]: CommandHandler };
