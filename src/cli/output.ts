import { styleText } from "node:util";
import { isQueuescopeError } from "../core/index.ts";
import { jsonLine, type JsonRecord } from "../client/transfer/json.ts";

export type Style = "bold" | "dim" | "red" | "yellow" | "green" | "cyan";

/** What is printed where: results on stdout, everything else on stderr, so that pipes stay clean. */
export class Output {
  readonly json: boolean;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #progress: Progress;

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, json: boolean) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.json = json;
    this.#progress = new Progress(json ? undefined : stderr);
  }

  /** Columns of the terminal; without one nothing is cut. */
  get width(): number {
    return this.#stdout.isTTY ? this.#stdout.columns : Number.POSITIVE_INFINITY;
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY && !this.json;
  }

  /** With --json one line a record, otherwise the lines for people. */
  show(records: readonly JsonRecord[], lines: () => readonly string[]): void {
    for (const line of this.json ? records.map(jsonLine) : lines()) this.write(`${line}\n`);
  }

  /** Text to stdout as it is. */
  write(text: string): void {
    this.#progress.clear();
    this.#stdout.write(text);
  }

  /** Waits until the reader has taken what was written, so that a large export doesn't pile up in memory. */
  async drained(): Promise<void> {
    if (!this.#stdout.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stdout.off("drain", done).off("close", done).off("error", done);
        resolve();
      };
      this.#stdout.on("drain", done).on("close", done).on("error", done);
    });
  }

  /** For people only: what happened, or what to do next. */
  note(text: string): void {
    if (this.json) return;
    this.#progress.clear();
    this.#stderr.write(`${text}\n`);
  }

  error(error: unknown): void {
    this.#progress.clear();
    const { code, message, ...rest } = describe(error);
    if (this.json) this.#stderr.write(`${jsonLine({ error: { code, message, ...rest } })}\n`);
    else this.#stderr.write(`${styleText("red", "error:", { stream: this.#stderr })} ${message}${code === "failed" ? "" : ` [${code}]`}\n`);
  }

  paint(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stdout });
  }

  /** How far long work is: a line on stderr that is rewritten, until something else is printed; nothing where stderr is no terminal. */
  progress(text: string): void {
    this.#progress.update(text);
  }
}

/** @returns the error as --json prints it; one that isn't ours has the code `failed` */
function describe(error: unknown): { code: string; message: string } & JsonRecord {
  if (isQueuescopeError(error)) return error.toJSON();
  return { code: "failed", message: `${error instanceof Error ? error.message : String(error)} (Not foreseen: --verbose tells more.)` };
}

/** Shown from half a second on, at most ten times a second: short work passes without a flicker. */
class Progress {
  readonly #stream: NodeJS.WriteStream | undefined;
  #since = 0;
  #shownAt = 0;

  constructor(stream: NodeJS.WriteStream | undefined) {
    this.#stream = stream?.isTTY === true ? stream : undefined;
  }

  update(text: string): void {
    const now = Date.now();
    if (this.#since === 0) this.#since = now;
    if (this.#stream === undefined || now - this.#since < 500 || now - this.#shownAt < 100) return;
    this.#shownAt = now;
    this.#stream.write(`\r\u001b[K${text}`);
  }

  clear(): void {
    if (this.#shownAt > 0) this.#stream?.write("\r\u001b[K");
    this.#shownAt = 0;
  }
}
