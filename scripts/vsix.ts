import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** Where `npm run package` puts the extension. */
export function vsixPath(): string {
  const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { name: string; version: string };
  return join(root, `${name}-${version}.vsix`);
}
