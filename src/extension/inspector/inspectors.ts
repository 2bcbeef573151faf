import * as vscode from "vscode";
import type { Connection } from "../connections/connection.ts";
import type { Disposable } from "../disposable.ts";
import { errorText } from "../errors.ts";
import { editorHost, type InspectorParts } from "./host.ts";
import { inspectorPage } from "./page.ts";

const VIEW_TYPE = "queuescope.inspector";

/** What to show first. */
export interface InspectorStart {
  readonly tab?: string;
  readonly id?: string;
}

/** The inspectors of this window: one for each queue, each a tab of the editor. */
export class Inspectors implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #parts: InspectorParts;
  /** `dist/webview`. */
  readonly #folder: vscode.Uri;
  readonly #panels = new Map<string, { readonly panel: vscode.WebviewPanel; readonly show: (start: InspectorStart) => void }>();
  readonly #serializer: Disposable;

  constructor(parts: InspectorParts, folder: vscode.Uri) {
    this.#parts = parts;
    this.#folder = folder;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this);
  }

  /** Shows the queue's inspector, the one that there is if there is one. */
  async open(connection: Connection, queue: string, column: vscode.ViewColumn, start: InspectorStart): Promise<void> {
    const known = this.#panels.get(keyOf(connection.id, queue));
    if (known !== undefined) {
      known.panel.reveal(column === vscode.ViewColumn.Beside ? column : undefined);
      known.show(start);
      return;
    }
    const panel = vscode.window.createWebviewPanel(VIEW_TYPE, queue, column, this.#options());
    await this.#serve(panel, connection, queue, start);
  }

  /** After a reload of the window: the page says what it showed. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    panel.webview.options = this.#options();
    const { connection: id, queue } = rememberedPlace(state);
    const connection = await this.#parts.connections.find(id);
    if (connection === undefined || queue === "") {
      panel.webview.html = lostPage(id, queue);
      return;
    }
    await this.#serve(panel, connection, queue, {});
  }

  dispose(): void {
    this.#serializer.dispose();
    for (const { panel } of this.#panels.values()) panel.dispose();
  }

  #options(): vscode.WebviewOptions {
    return { enableScripts: true, enableForms: false, localResourceRoots: [this.#folder] };
  }

  async #serve(panel: vscode.WebviewPanel, connection: Connection, queue: string, start: InspectorStart): Promise<void> {
    const { webview } = panel;
    const key = keyOf(connection.id, queue);
    let gone = false;
    panel.iconPath = new vscode.ThemeIcon("inspect");
    const send = (message: unknown): void => {
      if (gone) return;
      webview.postMessage(message).then(undefined, (error: unknown) => { this.#parts.log.debug(`A message to the inspector of ${queue} was not delivered: ${errorText(error)}`); });
    };
    const show = ({ tab, id }: InspectorStart): void => {
      if (tab !== undefined || id !== undefined) send({ type: "event", event: { name: "show", queue, ...(tab === undefined ? {} : { tab }), ...(id === undefined ? {} : { id }) } });
    };
    this.#panels.set(key, { panel, show });
    // The page may call before the module is loaded: its words wait here.
    const early: unknown[] = [];
    let listener: (message: unknown) => void = (message) => { early.push(message); };
    webview.onDidReceiveMessage((message: unknown) => { listener(message); });
    const ended = new Promise<void>((resolve) => {
      panel.onDidDispose(() => {
        gone = true;
        this.#panels.delete(key);
        resolve();
      });
    });
    webview.html = inspectorPage(webview, this.#folder, queue, start);
    const { serveInspector } = await import("../../inspector/index.ts");
    const serving = serveInspector({
      send,
      onMessage: (given) => {
        listener = given;
        for (const message of early.splice(0)) given(message);
      },
    }, editorHost(connection, this.#parts));
    void ended.then(() => { serving[Symbol.dispose](); });
  }
}

function keyOf(connection: string, queue: string): string {
  return JSON.stringify([connection, queue]);
}

function rememberedPlace(state: unknown): { readonly connection: string; readonly queue: string } {
  const { connection, queue } = (typeof state === "object" && state !== null ? state : {}) as { readonly connection?: unknown; readonly queue?: unknown };
  return { connection: typeof connection === "string" ? connection : "", queue: typeof queue === "string" ? queue : "" };
}

function lostPage(connection: string, queue: string): string {
  const text = queue === "" ? vscode.l10n.t("This tab can't be restored. Open the inspector again from the Queues view.") : vscode.l10n.t("The connection of the queue {0} isn't there any more ({1}). Open the inspector again from the Queues view.", queue, connection);
  return `<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><p>${text.replaceAll(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)}</p>`;
}
