import { join } from "node:path";
export { vsixPath } from "../../../scripts/vsix.ts";

export const ROOT = join(import.meta.dirname, "..", "..", "..");

/** The CLI as users get it. */
export const CLI = join(ROOT, "dist", "cli.js");
