import * as vscode from "vscode";
import type { Instant } from "../../core/index.ts";
import type { Disposable } from "../disposable.ts";
import { countdown, countdownBadge, untilNextBadge } from "../models/format.ts";

const SCHEME = "queuescope-until";

/** What a row with a time that runs out has as its resource: the badge at its end counts down. */
export function untilUri(id: string, until: Instant): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${id}`, query: String(until) });
}

/** Counts down at the end of rows. The editor draws a badge without the rest of its row, so that no click is lost. */
export class Countdowns implements vscode.FileDecorationProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri[]>();
  readonly #disposables: Disposable[];
  /** When each badge changes next, of those that the editor asked for since it last did. */
  readonly #next = new Map<string, { readonly uri: vscode.Uri; readonly at: Instant }>();
  #timer: NodeJS.Timeout | undefined;
  readonly onDidChangeFileDecorations = this.#changed.event;

  constructor() {
    this.#disposables = [this.#changed, vscode.window.registerFileDecorationProvider(this)];
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== SCHEME) return undefined;
    const now = Date.now();
    const until = Number(uri.query);
    const wait = untilNextBadge(until - now);
    if (wait !== undefined) {
      this.#next.set(uri.toString(), { uri, at: now + wait });
      this.#schedule();
    }
    const badge = countdownBadge(until - now);
    return badge === undefined ? undefined : new vscode.FileDecoration(badge, countdown(until, now));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const next = Math.min(...[...this.#next.values()].map(({ at }) => at));
    this.#timer = setTimeout(() => { this.#tick(); }, Math.max(next - Date.now(), 0));
  }

  /** Only badges that somebody sees are asked for again. */
  #tick(): void {
    const due = [...this.#next].filter(([, { at }]) => at <= Date.now());
    for (const [key] of due) this.#next.delete(key);
    if (this.#next.size > 0) this.#schedule();
    if (due.length > 0) this.#changed.fire(due.map(([, { uri }]) => uri));
  }
}
