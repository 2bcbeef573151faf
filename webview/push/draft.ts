import * as z from "zod/mini";
import type { Draft } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";

export const EMPTY_DRAFT: Draft = { encoding: "json", data: "{}", headers: {}, partition: "", id: "", delay: "", priority: "", ttl: "" };

/** What is remembered of the form: everything in it. */
export const formShape = z.object({
  encoding: z.enum(["json", "text", "bytes"]),
  data: z.string(),
  headers: z.record(z.string(), z.string()),
  partition: z.string(),
  id: z.string(),
  delay: z.string(),
  priority: z.string(),
  ttl: z.string(),
});

/** What is wrong with the data, said where it is written; the host checks again. */
export function dataProblem({ encoding, data }: Draft): string | undefined {
  switch (encoding) {
    case "json":
      return jsonProblem(data);
    case "text":
      return undefined;
    case "bytes":
      return /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(data) ? undefined : t("Bytes are written in base64.");
  }
}

function jsonProblem(text: string): string | undefined {
  if (text.trim() === "") return t("Write JSON, or null to push nothing.");
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return t("Not JSON: {0}", error instanceof Error ? error.message : String(error));
  }
}

/** Laid out, numbers and all as they are written: only blanks between tokens change. */
export function laidOut(text: string): string {
  let depth = 0;
  const line = (): string => `\n${"  ".repeat(depth)}`;
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  return tokens
    .map((token, index) => {
      const [before, after] = [tokens[index - 1], tokens[index + 1]];
      if (token === "{" || token === "[") {
        if (after === "}" || after === "]") return token;
        depth += 1;
        return token + line();
      }
      if (token === "}" || token === "]") {
        if (before === "{" || before === "[") return token;
        depth -= 1;
        return line() + token;
      }
      if (token === ",") return token + line();
      return token === ":" ? ": " : token;
    })
    .join("");
}
