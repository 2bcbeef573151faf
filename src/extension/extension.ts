import * as vscode from "vscode";
import type { App } from "./app.ts";
import { registerCommands } from "./commands/index.ts";
import { stopWithWindow } from "./commands/localNats.ts";
import { allowProgram } from "./connections/allowProgram.ts";
import { Connections } from "./connections/connections.ts";
import { Credentials } from "./connections/credentials.ts";
import { SavedConnections } from "./connections/saved.ts";
import { MessageDocuments } from "./documents/provider.ts";
import { HandlerCodeLenses } from "./editor/codeLens.ts";
import { registerTerminalLinks } from "./editor/terminalLinks.ts";
import { EncryptionKey } from "./encryptionKey.ts";
import { Inspectors } from "./inspector/inspectors.ts";
import { Paging } from "./loaders/paging.ts";
import { type Popped, PoppedMessages } from "./models/popped.ts";
import { StatusBar } from "./statusBar.ts";
import { RunningTaps } from "./taps/taps.ts";
import { Countdowns } from "./views/countdowns.ts";
import { DeadLettersView } from "./views/deadLettersView.ts";
import { QueuesView } from "./views/queuesView.ts";
import { TapsView } from "./views/tapsView.ts";
import { WorkersView } from "./views/workersView.ts";
import { WorkerLauncher } from "./workers/launcher.ts";

const POPPED_KEY = "queuescope.popped";

/** What is to be done when the window closes. */
let ending: (() => Promise<void>) | undefined;

/** Puts everything together; no I/O here. Drivers and files are read when a view or command first needs them. */
export function activate(context: vscode.ExtensionContext): void {
  const started = performance.now();
  const log = vscode.window.createOutputChannel("Queuescope", { log: true });
  const encryptionKey = new EncryptionKey(context.secrets, (message) => { log.warn(message); });
  const credentials = new Credentials(context.secrets);
  const saved = new SavedConnections(context.globalState, context.workspaceState);
  const connections = new Connections(log, { encryptionKey: () => encryptionKey.get(), credentials, saved, allowProgram });
  const taps = new RunningTaps();
  const paging = new Paging();
  const popped = new PoppedMessages({
    get: () => context.workspaceState.get<readonly Popped[]>(POPPED_KEY, []),
    set: async (messages) => { await context.workspaceState.update(POPPED_KEY, messages); },
  });
  const documents = new MessageDocuments(connections, taps);
  const inspectors = new Inspectors({ connections, documents, popped, log }, vscode.Uri.joinPath(context.extensionUri, "dist", "webview"));
  const launcher = new WorkerLauncher(context.asAbsolutePath("dist/worker.js"), encryptionKey, log);
  const queuesView = new QueuesView(connections, paging, popped, log);
  const deadLettersView = new DeadLettersView(connections, paging, log);
  const workersView = new WorkersView(connections, log);
  const tapsView = new TapsView(connections, taps, paging, log);
  const app: App = { log, connections, documents, inspectors, encryptionKey, credentials, taps, paging, popped, launcher, queuesView, deadLettersView, workersView, tapsView };

  context.subscriptions.push(
    log,
    connections,
    documents,
    inspectors,
    launcher,
    queuesView,
    deadLettersView,
    workersView,
    taps,
    tapsView,
    new StatusBar(connections, log),
    new Countdowns(),
    new HandlerCodeLenses(connections),
    registerTerminalLinks(connections, documents, log),
    ...registerCommands(app),
  );
  ending = () => stopWithWindow(app);
  log.info(`Activated in ${(performance.now() - started).toFixed(1)} ms`);
}

/** The window closes, or is loaded anew. */
export async function deactivate(): Promise<void> {
  await ending?.();
}
