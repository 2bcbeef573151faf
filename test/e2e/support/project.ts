import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..", "..");

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { name: string; version: string };

/** What `npm run package` has made. */
export const VSIX = join(ROOT, `${manifest.name}-${manifest.version}.vsix`);

/** The CLI as users get it. */
export const CLI = join(ROOT, "dist", "cli.js");
