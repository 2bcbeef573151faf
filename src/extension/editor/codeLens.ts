import { resolve } from "node:path";
import * as vscode from "vscode";
import { DEFAULT_GROUP, isQueuescopeError } from "../../core/index.ts";
import type { Disposable } from "../disposable.ts";
import type { WorkerTarget } from "../commands/workers.ts";
import type { Connections } from "../connections/connections.ts";
import { countDead } from "../loaders/queues.ts";
import { deadCount } from "../models/format.ts";
import { isWritable } from "../views/abilities.ts";
import { handlerLine } from "./handlerPlace.ts";

/** A line of counts and actions above each handler that queuescope.json names. */
export class HandlerCodeLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #connections: Connections;
  readonly #disposables: Disposable[];
  readonly onDidChangeCodeLenses: vscode.Event<void>;

  constructor(connections: Connections) {
    this.#connections = connections;
    const changed = new vscode.EventEmitter<void>();
    this.onDidChangeCodeLenses = changed.event;
    const fire = (): void => { changed.fire(); };
    this.#disposables = [
      changed,
      connections.onDidChangeData(fire),
      connections.onDidChangeList(fire),
      connections.onDidChangeState(fire),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("queuescope.codeLens")) fire();
      }),
      vscode.languages.registerCodeLensProvider(
        ["typescript", "javascript", "typescriptreact", "javascriptreact", "python"].map((language) => ({ language, scheme: "file" })),
        this,
      ),
    ];
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!vscode.workspace.getConfiguration("queuescope", document.uri).get<boolean>("codeLens", true)) return [];
    const targets = (await this.#connections.folders()).flatMap(({ workers }) => workers.filter(({ definition }) => handles(definition.folder, definition.settings.handler, document.uri.fsPath)));
    if (targets.length === 0) return [];
    const line = handlerLine(document.getText());
    const range = new vscode.Range(line, 0, line, 0);
    const lenses = await Promise.all(targets.map((target) => this.#lenses(range, target)));
    return lenses.flat();
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  async #lenses(range: vscode.Range, target: WorkerTarget): Promise<vscode.CodeLens[]> {
    const { connection, definition } = target;
    const [queue = ""] = definition.settings.queues;
    const lens = (title: string, command: string, argument: unknown): vscode.CodeLens => new vscode.CodeLens(range, { title, command, arguments: [argument] });
    const atQueue = { connection, queue, partition: undefined, group: definition.settings.group };
    const counts = lens(await this.#counts(target, queue), "queuescope.peekMessages", atQueue);
    if (!isWritable(connection)) return [counts];
    const push = lens(vscode.l10n.t("Push test message"), "queuescope.pushMessage", atQueue);
    if (!vscode.workspace.isTrusted) return [counts, push];
    return [counts, lens(vscode.l10n.t("$(play) Run worker"), "queuescope.startWorker", target), lens(vscode.l10n.t("$(debug-alt) Debug"), "queuescope.debugWorker", target), push];
  }

  async #counts({ connection, definition }: WorkerTarget, queue: string): Promise<string> {
    // A connection that fails says so in the Queues view.
    const broker = await connection.shown().catch(() => undefined);
    if (connection.remote && broker === undefined) return vscode.l10n.t("{0}: not connected", queue);
    const info = await broker?.queues.get(queue).catch((error: unknown) => {
      if (isQueuescopeError(error, "queue-not-found")) return undefined;
      throw error;
    });
    if (broker === undefined || info === undefined) return vscode.l10n.t("{0}: no messages yet", queue);
    const group = definition.settings.group ?? DEFAULT_GROUP;
    const [groups, dead] = await Promise.all([broker.inspect.groups(queue), countDead(broker, queue)]);
    const counts = groups.find(({ name }) => name === group)?.counts ?? info.counts;
    return vscode.l10n.t("{0}: {1} ready, {2} dead", queue, counts.ready.toLocaleString(), deadCount(dead));
  }
}

/** A handler may be written without its extension. */
function handles(folder: string, handler: string | undefined, path: string): boolean {
  if (handler === undefined) return false;
  const full = resolve(folder, handler);
  return path === full || path.replace(/\.[mc]?[tj]sx?$/, "") === full;
}
