import type * as vscode from "vscode";
import type { Connections } from "./connections/connections.ts";
import type { MessageDocuments } from "./documents/provider.ts";
import type { Credentials } from "./connections/credentials.ts";
import type { EncryptionKey } from "./encryptionKey.ts";
import type { Inspectors } from "./inspector/inspectors.ts";
import type { Paging } from "./loaders/paging.ts";
import type { PoppedMessages } from "./models/popped.ts";
import type { RunningTaps } from "./taps/taps.ts";
import type { DeadLettersView } from "./views/deadLettersView.ts";
import type { QueuesView } from "./views/queuesView.ts";
import type { TapsView } from "./views/tapsView.ts";
import type { WorkersView } from "./views/workersView.ts";
import type { WorkerLauncher } from "./workers/launcher.ts";

/** What commands work with. Made once, in extension.ts. */
export interface App {
  readonly log: vscode.LogOutputChannel;
  readonly connections: Connections;
  readonly documents: MessageDocuments;
  readonly inspectors: Inspectors;
  readonly encryptionKey: EncryptionKey;
  readonly credentials: Credentials;
  readonly taps: RunningTaps;
  readonly paging: Paging;
  readonly popped: PoppedMessages;
  readonly launcher: WorkerLauncher;
  readonly queuesView: QueuesView;
  readonly deadLettersView: DeadLettersView;
  readonly workersView: WorkersView;
  readonly tapsView: TapsView;
}
