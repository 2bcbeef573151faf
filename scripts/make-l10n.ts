/** `node scripts/make-l10n.ts`: writes l10n/bundle.l10n.json, every text of the extension, for translators to start from. A test checks that it is current. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const root = join(import.meta.dirname, "..");
export const L10N_BUNDLE = join(root, "l10n", "bundle.l10n.json");

export function l10nBundle(): string {
  const texts = new Set<string>();
  for (const file of globSync(["src/extension/**/*.ts", "webview/**/*.{ts,tsx}"], { cwd: root })) {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
    collect(source, texts);
  }
  return `${JSON.stringify(Object.fromEntries([...texts].sort().map((text) => [text, text])), null, 2)}\n`;
}

/** The first argument of `vscode.l10n.t(…)` and of the page's `t(…)`, the two forms of its `count(…)`: they must be written out. */
function collect(node: ts.Node, texts: Set<string>): void {
  if (ts.isCallExpression(node)) {
    for (const text of translated(node)) {
      if (!ts.isStringLiteralLike(text)) throw new Error(`${node.getSourceFile().fileName}: ${node.getText()} needs its text written out, so that it can be translated.`);
      texts.add(text.text);
    }
  }
  ts.forEachChild(node, (child) => { collect(child, texts); });
}

/** `count` translates what it is given, by its own rule; its calls are collected instead. */
function translated(call: ts.CallExpression): readonly ts.Expression[] {
  const inCount = call.getSourceFile().fileName.endsWith("parts/format.ts");
  switch (call.expression.getText()) {
    case "vscode.l10n.t":
      return call.arguments.slice(0, 1);
    case "t":
      return inCount ? [] : call.arguments.slice(0, 1);
    case "count":
      return call.arguments.slice(1);
    default:
      return [];
  }
}

if (import.meta.main) writeFileSync(L10N_BUNDLE, l10nBundle());
