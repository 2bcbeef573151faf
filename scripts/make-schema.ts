/** Writes media/queuescope.schema.json from the shape that the code itself checks. `--check` only compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { workspaceSchema } from "../src/client/workspace-file.ts";

const path = join(import.meta.dirname, "..", "media", "queuescope.schema.json");
const schema = z.toJSONSchema(workspaceSchema, { target: "draft-7", io: "input" });
const text = `${JSON.stringify({ title: "Queuescope workspace", ...schema }, null, 2)}\n`;

if (!process.argv.includes("--check")) writeFileSync(path, text);
else if (readFileSync(path, "utf8") !== text) {
  console.error("media/queuescope.schema.json is out of date: run `node scripts/make-schema.ts`.");
  process.exitCode = 1;
}
