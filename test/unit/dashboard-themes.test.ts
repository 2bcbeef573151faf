import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { THEMES_FILE, usedVariables } from "../../scripts/make-themes.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** What VS Code sets in none of the four themes: the page has something else where it isn't set. */
const NEVER_SET = new Set<string>([]);

describe("the dashboard's themes", () => {
  it("have every colour that the page's own styles use", async () => {
    const themes = await readFile(THEMES_FILE, "utf8");
    const sources = await Promise.all(globSync("webview/**/*.{css,ts,tsx}", { cwd: ROOT }).filter((file) => !file.endsWith("themes.css")).map((file) => readFile(join(ROOT, file), "utf8")));
    const { names, beginnings } = usedVariables(sources.join("\n"));
    const missing = [...new Set([...names.filter((name) => !themes.includes(`${name}:`)), ...beginnings.filter((name) => !themes.includes(name))])].filter((name) => !NEVER_SET.has(name));
    assert.deepEqual(missing.sort(), [], "Run: npm run build && node scripts/make-themes.ts");
  });

  it("are named alike in the page", async () => {
    const { THEMES } = await import("../../webview/dashboard/theme-names.ts");
    const themes = await readFile(THEMES_FILE, "utf8");
    assert.deepEqual([...themes.matchAll(/data-theme="([\w-]+)"/g)].map(([, name]) => name), [...THEMES]);
  });
});
