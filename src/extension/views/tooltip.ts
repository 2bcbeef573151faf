import * as vscode from "vscode";

/** A tooltip of a heading, labelled lines and blocks of text. Everything is escaped: data comes from anybody. */
export class Tooltip {
  readonly #markdown = new vscode.MarkdownString("", true);

  constructor(title: string) {
    this.#markdown.appendMarkdown("**");
    this.#markdown.appendText(title);
    this.#markdown.appendMarkdown("**\n\n");
  }

  line(label: string, value: string | number | null | undefined): this {
    if (value === null || value === undefined || value === "") return this;
    this.#markdown.appendText(`${label}: ${value}`);
    this.#markdown.appendMarkdown("  \n");
    return this;
  }

  text(value: string): this {
    if (value === "") return this;
    this.#markdown.appendMarkdown("\n\n");
    this.#markdown.appendText(value);
    return this;
  }

  code(text: string, language = ""): this {
    this.#markdown.appendCodeblock(text, language);
    return this;
  }

  get value(): vscode.MarkdownString {
    return this.#markdown;
  }
}
