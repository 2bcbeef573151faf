import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseTree } from "jsonc-parser";
import { parsePushDocument } from "../client/documents/read.ts";
import { invalidInput, QueuescopeError } from "../core/index.ts";
import type { Draft } from "../protocol/index.ts";
import { draftDocument } from "./drafts.ts";

const SUFFIX = ".json";

/** Templates of messages: files of a folder, which a team shares by committing them. */
export class Templates {
  readonly #folder: string;

  constructor(folder: string | null) {
    if (folder === null) throw new QueuescopeError("unsupported", "Templates are kept in a workspace's folder, and there is none here. Open a folder.");
    this.#folder = folder;
  }

  async names(): Promise<string[]> {
    const files = await readdir(this.#folder).catch((error: unknown) => {
      // The folder is made with the first template.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    });
    return files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length)).sort((a, b) => a.localeCompare(b));
  }

  /** @throws invalid-input when the file isn't a message */
  async read(name: string): Promise<Draft> {
    const path = this.#path(name);
    const text = await readFile(path, "utf8").catch((error: unknown) => { throw missing(error, name, path); });
    try {
      parsePushDocument(text, Date.now());
    } catch (cause) {
      throw invalidInput("template", `The template ${name} can't be read: ${(cause as Error).message} It is ${path}.`);
    }
    return templateDraft(text);
  }

  async write(name: string, draft: Draft): Promise<void> {
    const path = this.#path(name);
    const text = draftDocument(draft);
    await mkdir(this.#folder, { recursive: true });
    // Whole or not at all.
    await writeFile(`${path}.partial`, text);
    await rename(`${path}.partial`, path);
  }

  async delete(name: string): Promise<void> {
    const path = this.#path(name);
    await rm(path).catch((error: unknown) => { throw missing(error, name, path); });
  }

  #path(name: string): string {
    if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(name)) throw invalidInput("name", `A template's name may hold letters, digits, blanks, dots, dashes and underscores, but is ${JSON.stringify(name)}.`);
    return join(this.#folder, `${name}${SUFFIX}`);
  }
}

/** Somebody else may have deleted it meanwhile. */
function missing(error: unknown, name: string, path: string): unknown {
  return (error as NodeJS.ErrnoException).code === "ENOENT" ? invalidInput("name", `There is no template ${name} any more: ${path} doesn't exist.`) : error;
}

/** The document's fields as the form shows them; data as it is written. */
function templateDraft(text: string): Draft {
  const fields = new Map((parseTree(text, [], { allowTrailingComma: true })?.children ?? []).flatMap(({ children }) => (children?.[0] === undefined || children[1] === undefined ? [] : [[String(children[0].value), children[1]]])));
  const plain = (name: string): string => {
    const value: unknown = fields.get(name)?.value;
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  const encoding = plain("encoding");
  const data = fields.get("data");
  const asWritten = data === undefined ? "" : text.slice(data.offset, data.offset + data.length);
  const headers = (fields.get("headers")?.children ?? []).flatMap(({ children }) => (children?.[0] === undefined || children[1] === undefined ? [] : [[String(children[0].value), String(children[1].value)]]));
  return {
    encoding: encoding === "text" || encoding === "bytes" ? encoding : "json",
    data: encoding === "text" || encoding === "bytes" ? plain("data") : asWritten,
    headers: Object.fromEntries(headers) as Record<string, string>,
    partition: plain("partition"),
    id: plain("id"),
    delay: plain("delay"),
    priority: plain("priority"),
    ttl: plain("ttl"),
  };
}
