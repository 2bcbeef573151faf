import { createScanner } from "jsonc-parser";

export type TokenKind = "name" | "string" | "number" | "boolean" | "null" | "mark";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

export interface JsonLine {
  readonly indent: number;
  readonly tokens: readonly Token[];
}

/** SyntaxKind of jsonc-parser, whose enum doesn't exist at run time. */
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, COMMA, COLON, NULL, TRUE, FALSE, STRING, NUMBER, END] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 17];
/** Deeper ones stand as far in as this: lines of deeply nested JSON would be nothing but blanks. */
const MOST_INDENT = 40;

/**
 * JSON as lines, each token the very text that was pushed: 12345678901234567890 stays itself, and nothing is parsed.
 * Works on a text that was cut off, too, and in one pass however deep the nesting.
 * @param most lines
 */
export function jsonLines(text: string, most: number): { readonly lines: readonly JsonLine[]; readonly more: boolean } {
  const scanner = createScanner(text, true);
  const lines: JsonLine[] = [];
  let tokens: Token[] = [];
  let depth = 0;
  let indent = 0;
  const breakLine = (): void => {
    if (tokens.length > 0) lines.push({ indent: Math.min(indent, MOST_INDENT), tokens });
    tokens = [];
    indent = depth;
  };
  const put = (kind: TokenKind, content: string): void => { tokens.push({ kind, text: content }); };

  let kind: number = scanner.scan();
  while (kind !== END) {
    if (lines.length >= most) return { lines, more: true };
    const value = text.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength());
    const next: number = scanner.scan();
    switch (kind) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
        put("mark", value);
        depth += 1;
        if (next !== CLOSE_BRACE && next !== CLOSE_BRACKET) breakLine();
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth = Math.max(0, depth - 1);
        if (tokens.at(-1)?.text !== "{" && tokens.at(-1)?.text !== "[") breakLine();
        indent = tokens.length === 0 ? depth : indent;
        put("mark", value);
        break;
      case COMMA:
        put("mark", value);
        breakLine();
        break;
      case COLON:
        put("mark", ": ");
        break;
      case STRING:
        put(next === COLON ? "name" : "string", value);
        break;
      default:
        put(kind === NUMBER ? "number" : kind === NULL ? "null" : kind === TRUE || kind === FALSE ? "boolean" : "string", value);
    }
    kind = next;
  }
  breakLine();
  return { lines, more: false };
}

/** The same as text. */
export function jsonText(text: string, most = Number.POSITIVE_INFINITY): string {
  return jsonLines(text, most).lines.map(({ indent, tokens }) => `${"  ".repeat(indent)}${tokens.map((token) => token.text).join("")}`).join("\n");
}
