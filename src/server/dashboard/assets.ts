import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { QueuescopeError } from "../../core/index.ts";

/** The files of the page: these, and nothing else, are served. */
const NAMES = ["inspector.js", "inspector.css", "dashboard.css", "codicon.css", "codicon.ttf", "queuescope.svg"];

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".ttf": "font/ttf",
  ".svg": "image/svg+xml",
};

export interface Asset {
  readonly type: string;
  readonly content: Uint8Array;
}

/** Read once, so that a build in between doesn't mix two versions of the page. @throws unavailable where they aren't built */
export async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const folder = assetFolder();
  return new Map(await Promise.all(NAMES.map(async (name): Promise<[string, Asset]> => [`/${name}`, { type: TYPES[extname(name)] ?? "", content: await readFile(join(folder, name)) }])));
}

/** Beside this file's bundle, or in dist/ of a clone. */
function assetFolder(from: string = import.meta.dirname): string {
  const folder = join(from, "dist", "webview");
  if (existsSync(join(folder, "inspector.js"))) return folder;
  const parent = dirname(from);
  if (parent === from) throw new QueuescopeError("unavailable", "The dashboard's page isn't there: dist/webview is missing. In a clone of Queuescope, run `npm run build`; otherwise install the package again.");
  return assetFolder(parent);
}
