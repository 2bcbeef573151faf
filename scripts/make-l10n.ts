/** `node scripts/make-l10n.ts`: writes l10n/bundle.l10n.json, every text of the extension, for translators to start from. A test checks that it is current. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const root = join(import.meta.dirname, "..");
export const L10N_BUNDLE = join(root, "l10n", "bundle.l10n.json");

export function l10nBundle(): string {
  const texts = new Set<string>();
  for (const file of globSync("src/extension/**/*.ts", { cwd: root })) {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
    collect(source, texts);
  }
  return `${JSON.stringify(Object.fromEntries([...texts].sort().map((text) => [text, text])), null, 2)}\n`;
}

/** The first arguments of `vscode.l10n.t(…)`, which must be written out. */
function collect(node: ts.Node, texts: Set<string>): void {
  if (ts.isCallExpression(node) && node.expression.getText() === "vscode.l10n.t") {
    const [text] = node.arguments;
    if (text === undefined || !ts.isStringLiteralLike(text)) throw new Error(`${node.getSourceFile().fileName}: ${node.getText()} needs its text written out, so that it can be translated.`);
    texts.add(text.text);
  }
  ts.forEachChild(node, (child) => { collect(child, texts); });
}

if (import.meta.main) writeFileSync(L10N_BUNDLE, l10nBundle());
