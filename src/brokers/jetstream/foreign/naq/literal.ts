/**
 * Reads what Python's `repr` wrote: None, True, False, numbers, texts, tuples, lists and dictionaries of these.
 * @returns JSON text, or `undefined` where it holds anything else
 */
export function literalJson(text: string): string | undefined {
  const reader = new LiteralReader(text);
  try {
    const json = reader.value(0);
    return reader.atEnd() ? json : undefined;
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

const MOST_DEPTH = 100;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", "'": "'", '"': '"', a: "\u0007", b: "\b", f: "\f", v: "\v", "0": "\0" };
const WORDS: Readonly<Record<string, string>> = { None: "null", True: "true", False: "false" };

class LiteralReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#blanks();
    return this.#at === this.#text.length;
  }

  value(depth: number): string {
    if (depth > MOST_DEPTH) throw new NoLiteral();
    this.#blanks();
    const next = this.#text[this.#at];
    if (next === "[") return this.#list("]", depth);
    if (next === "(") return this.#list(")", depth);
    if (next === "{") return this.#dictionary(depth);
    if (next === "'" || next === '"') return JSON.stringify(this.#string());
    const [word] = /^[A-Za-z]+|^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/.exec(this.#text.slice(this.#at, this.#at + 5_000)) ?? [];
    if (word === undefined) throw new NoLiteral();
    this.#at += word.length;
    const json = /^[A-Za-z]/.test(word) ? WORDS[word] : word;
    if (json === undefined) throw new NoLiteral();
    return json;
  }

  #list(end: string, depth: number): string {
    this.#at += 1;
    const items: string[] = [];
    while (!this.#take(end)) {
      items.push(this.value(depth + 1));
      if (this.#take(",")) continue;
      if (!this.#take(end)) throw new NoLiteral();
      break;
    }
    // A value in brackets without a comma is that value, but Python writes none like that.
    return `[${items.join(",")}]`;
  }

  #dictionary(depth: number): string {
    this.#at += 1;
    const fields: string[] = [];
    while (!this.#take("}")) {
      const key = this.value(depth + 1);
      if (!this.#take(":")) throw new NoLiteral();
      fields.push(`${key.startsWith('"') ? key : JSON.stringify(key)}:${this.value(depth + 1)}`);
      if (this.#take(",")) continue;
      if (!this.#take("}")) throw new NoLiteral();
      break;
    }
    return `{${fields.join(",")}}`;
  }

  #string(): string {
    const quote = this.#text[this.#at];
    let value = "";
    for (this.#at += 1; this.#text[this.#at] !== quote; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === undefined) throw new NoLiteral();
      value += character === "\\" ? this.#escape() : character;
    }
    this.#at += 1;
    return value;
  }

  #escape(): string {
    this.#at += 1;
    const letter = this.#text[this.#at] ?? "";
    const digits = { x: 2, u: 4, U: 8 }[letter];
    if (digits === undefined) {
      const plain = ESCAPES[letter];
      if (plain === undefined) throw new NoLiteral();
      return plain;
    }
    const code = this.#text.slice(this.#at + 1, this.#at + 1 + digits);
    if (code.length !== digits || !/^[0-9a-f]+$/i.test(code) || Number.parseInt(code, 16) > 0x10ffff) throw new NoLiteral();
    this.#at += digits;
    return String.fromCodePoint(Number.parseInt(code, 16));
  }

  #take(character: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #blanks(): void {
    while (this.#text[this.#at] === " ") this.#at += 1;
  }
}
