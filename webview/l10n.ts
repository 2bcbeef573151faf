let texts: Readonly<Record<string, string>> = {};

/** Translations by the English text; what has none stays English. */
export function setTexts(given: Readonly<Record<string, string>>): void {
  texts = given;
}

/** A text for people, written out at the call so that it can be collected for translators. `{0}`, `{1}` stand for the arguments. */
export function t(text: string, ...args: readonly (string | number)[]): string {
  return (texts[text] ?? text).replaceAll(/\{(\d+)\}/g, (placeholder, index: string) => String(args[Number(index)] ?? placeholder));
}
