import * as vscode from "vscode";
import { withoutSecret } from "../../client/credentials.ts";
import type { App } from "../app.ts";
import type { Connection } from "../connections/connection.ts";
import { removeConnection, writeConnection } from "../connections/workspaceEdits.ts";
import { errorText } from "../errors.ts";
import { ask, confirm, inform } from "./ask.ts";
import { asNode } from "./target.ts";
import type { CommandFamily } from "./types.ts";

export const connectionCommands = {
  "queuescope.addConnection": async (app) => {
    const source = await pickSource(app);
    if (source === "localNats") await vscode.commands.executeCommand("queuescope.startLocalNats");
    else if (source !== undefined) await addConnection(app, source);
  },

  "queuescope.removeConnection": async (app, argument) => {
    const connection = await pickOne(app, argument, vscode.l10n.t("Remove Connection"), ({ origin }) => origin !== "own");
    if (connection === undefined) return;
    const { name, folder, origin, secret } = connection;
    const where = origin === "workspace" ? vscode.l10n.t("It is taken out of queuescope.json, for everybody who uses this workspace.") : vscode.l10n.t("It is forgotten on this machine.");
    const sure = await confirm(vscode.l10n.t("Remove the connection {0}?", connection.label), vscode.l10n.t("Remove Connection"), `${where} ${vscode.l10n.t("Its queues stay as they are.")}`);
    if (!sure) return;
    if (origin === "workspace") await removeConnection(folder, name);
    else if (origin === "localNats") await app.connections.saved.keepLocalNats(folder, undefined);
    else await app.connections.saved.forget(name);
    if (secret !== undefined) await app.credentials.delete(secret);
    app.connections.reload();
  },

  "queuescope.connect": async (app, argument) => {
    const connection = await pickOne(app, argument, vscode.l10n.t("Connect"), ({ remote, state }) => remote && (state === "disconnected" || state === "failed"));
    await connection?.reconnect();
  },

  "queuescope.disconnect": async (app, argument) => {
    const connection = await pickOne(app, argument, vscode.l10n.t("Disconnect"), ({ remote, state }) => remote && state !== "disconnected");
    await connection?.disconnect();
  },

  "queuescope.setCredentials": async (app, argument) => {
    const connection = await pickOne(app, argument, vscode.l10n.t("Set Credentials"), ({ secret }) => secret !== undefined);
    if (connection?.secret === undefined || connection.url === undefined) return;
    const secret = await askSecret(connection.label);
    if (secret === undefined) return;
    await app.credentials.store(connection.secret, connection.url, secret);
    await connection.reconnect();
    inform(vscode.l10n.t("Connected to {0}; its login is in the editor's secret storage.", connection.label));
  },
} satisfies Partial<CommandFamily>;

/** What is known of a connection while it is being added. */
interface Draft {
  readonly url: string;
  readonly secret?: string | undefined;
  readonly name?: string;
  /** Whether the way to log in is still to be asked. */
  readonly login: boolean;
}

interface SourceItem extends vscode.QuickPickItem {
  readonly draft: Draft | "url" | "localNats";
}

/** A context of the nats CLI, a URL, or a server that is still to be started. */
async function pickSource(app: App): Promise<Draft | "localNats" | undefined> {
  const { listContexts } = await import("../../client/nats-contexts.ts");
  const items: SourceItem[] = [{ draft: "url", label: vscode.l10n.t("$(link) URL…"), description: "nats://, tls://, wss://" }];
  if (vscode.workspace.isTrusted && (vscode.workspace.workspaceFolders ?? []).length > 0) items.push({ draft: "localNats", label: vscode.l10n.t("$(server-process) Start a local NATS"), description: vscode.l10n.t("for this folder, on this machine only") });
  for (const { name, url, description, selected } of listContexts()) {
    items.push({ draft: { url: `nats:?context=${encodeURIComponent(name)}`, name, login: false }, label: `$(plug) ${name}`, description: url, detail: [vscode.l10n.t("context of the nats CLI"), selected ? vscode.l10n.t("selected") : "", description].filter((part) => part !== "").join(", ") });
  }
  const chosen = await vscode.window.showQuickPick(items, { title: TITLE(), placeHolder: vscode.l10n.t("Where is NATS?"), matchOnDescription: true });
  app.log.debug(`Adding a connection: ${chosen?.label ?? "left"}`);
  return chosen?.draft === "url" ? askUrl("nats://localhost:4222") : chosen?.draft;
}

const TITLE = (): string => vscode.l10n.t("Add Connection");

/** Its user and password, or token, are taken out of it: they are stored apart. */
async function askUrl(value: string): Promise<Draft | undefined> {
  const { placeOf } = await import("../../client/place.ts");
  const typed = await ask({
    title: TITLE(),
    prompt: vscode.l10n.t("URL of NATS: nats://HOST:PORT, several servers with commas. A password or token in it is stored apart."),
    value,
    check: (text) => {
      if (placeOf({ url: text.trim() }).kind !== "nats") throw new Error(vscode.l10n.t("Write nats://HOST:PORT. A file of queues needs no connection: name it in queuescope.json."));
    },
  });
  if (typed === undefined) return undefined;
  const { url, secret } = withoutSecret(typed.trim());
  return { url, secret, login: secret === undefined && !/[?&](creds|nkey|context)=/.test(url) };
}

async function addConnection(app: App, first: Draft): Promise<void> {
  let draft: Draft | undefined = first;
  while (draft !== undefined) {
    const found: Draft | undefined = draft.login ? await pickLogin(draft) : draft;
    if (found === undefined) return;
    const outcome = await test(app, found);
    if (outcome === "works") {
      await store(app, found);
      return;
    }
    draft = outcome === "left" ? undefined : outcome === "retry" ? { ...found, login: false } : await askUrl(found.url);
  }
}

interface LoginItem extends vscode.QuickPickItem {
  readonly ask: () => Promise<Draft | undefined>;
}

async function pickLogin({ url, name }: Draft): Promise<Draft | undefined> {
  const draft = (login: Partial<Draft>): Draft => ({ url, ...(name === undefined ? {} : { name }), login: false, ...login });
  const items: LoginItem[] = [
    { label: vscode.l10n.t("$(circle-slash) No login"), ask: () => Promise.resolve(draft({})) },
    {
      label: vscode.l10n.t("$(account) User and password"),
      ask: async () => {
        const user = await ask({ title: TITLE(), prompt: vscode.l10n.t("User") });
        const secret = user === undefined ? undefined : await ask({ title: TITLE(), prompt: vscode.l10n.t("Password of {0}; it goes into the editor's secret storage", user), password: true });
        return user === undefined || secret === undefined ? undefined : draft({ url: url.replace("://", `://${encodeURIComponent(user)}@`), secret });
      },
    },
    { label: vscode.l10n.t("$(file-badge) Credentials file"), description: ".creds", ask: async () => withFile(draft({}), "creds", vscode.l10n.t("Credentials File")) },
    {
      label: vscode.l10n.t("$(key) Token"),
      ask: async () => {
        const secret = await ask({ title: TITLE(), prompt: vscode.l10n.t("Token; it goes into the editor's secret storage"), password: true });
        return secret === undefined ? undefined : draft({ secret });
      },
    },
    { label: vscode.l10n.t("$(file-binary) File with an nkey's seed"), ask: async () => withFile(draft({}), "nkey", vscode.l10n.t("Seed File")) },
  ];
  const chosen = await vscode.window.showQuickPick(items, { title: TITLE(), placeHolder: vscode.l10n.t("How do you log in?") });
  return chosen?.ask();
}

/** The file stays where it is: the URL names it. */
async function withFile(draft: Draft, setting: "creds" | "nkey", title: string): Promise<Draft | undefined> {
  const picked = (await vscode.window.showOpenDialog({ title, openLabel: vscode.l10n.t("Use") }))?.[0];
  if (picked === undefined) return undefined;
  return { ...draft, url: `${draft.url}${draft.url.includes("?") ? "&" : "?"}${setting}=${encodeURIComponent(picked.fsPath)}` };
}

async function test(app: App, { url, secret }: Draft): Promise<"works" | "retry" | "change" | "left"> {
  try {
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t("Connecting to {0}…", url) }, () => app.connections.test({ url, readOnly: true }, homeOf(), secret));
    return "works";
  } catch (error) {
    app.log.warn(`Adding ${url}: ${errorText(error)}`);
    const [retry, change] = [vscode.l10n.t("Retry"), vscode.l10n.t("Change…")];
    const chosen = await vscode.window.showErrorMessage(errorText(error), retry, change);
    return chosen === retry ? "retry" : chosen === change ? "change" : "left";
  }
}

async function store(app: App, { url, secret, name: suggested }: Draft): Promise<void> {
  const taken = new Set((await app.connections.all()).map(({ name }) => name));
  const name = (await ask({
    title: TITLE(),
    prompt: vscode.l10n.t("It works. What is this connection called?"),
    value: suggested ?? (/:\/\/(?:[^@/]*@)?([^:/,?]+)/.exec(url)?.[1] ?? "nats"),
    check: (text) => {
      if (text.trim() === "" || text.length > 100) throw new Error(vscode.l10n.t("A name has 1 to 100 characters."));
      if (taken.has(text.trim())) throw new Error(vscode.l10n.t("There is a connection of this name already."));
    },
  }))?.trim();
  const folder = name === undefined ? undefined : await pickPlace();
  if (name === undefined || folder === undefined) return;
  if (secret !== undefined) await app.credentials.store(name, url, secret);
  if (folder === null) await app.connections.saved.keep({ name, url, readOnly: false, ...(secret === undefined ? {} : { secret: name }) });
  else await writeConnection(folder, name, { url, ...(secret === undefined ? {} : { credentials: { secret: name } }) });
  app.connections.reload();
  await vscode.commands.executeCommand("queuescope.queues.focus");
  inform(vscode.l10n.t("Added {0}.", name));
}

/** The folder whose queuescope.json gets it; `null`: only this user. */
async function pickPlace(): Promise<string | null | undefined> {
  const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file") : [];
  if (folders.length === 0) return null;
  const items: (vscode.QuickPickItem & { readonly folder: string | null })[] = [
    ...folders.map(({ name, uri }) => ({ label: vscode.l10n.t("$(folder) This workspace"), description: `${name}/queuescope.json`, detail: vscode.l10n.t("For everybody who uses it. A password or token stays on this machine."), folder: uri.fsPath })),
    { label: vscode.l10n.t("$(account) Only me"), description: vscode.l10n.t("in every workspace"), folder: null },
  ];
  return (await vscode.window.showQuickPick(items, { title: TITLE(), placeHolder: vscode.l10n.t("Who is it for?") }))?.folder;
}

function homeOf(): string {
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? process.cwd();
}

function askSecret(label: string): Thenable<string | undefined> {
  return ask({ title: vscode.l10n.t("Credentials of {0}", label), prompt: vscode.l10n.t("The password of the user that its URL names; else a token, an nkey's seed, or the text of a .creds file"), password: true });
}

/** The row's, the only one that fits, or a picked one. */
async function pickOne(app: App, argument: unknown, title: string, fits: (connection: Connection) => boolean): Promise<Connection | undefined> {
  const node = asNode(argument);
  if (node?.kind === "connection") return node.connection;
  const fitting = (await app.connections.all()).filter(fits);
  if (fitting.length === 0) void vscode.window.showInformationMessage(vscode.l10n.t("There is no connection to do that with. The Queues view shows them all; Add Connection makes one."));
  const items = fitting.map((connection) => ({ label: connection.label, description: connection.url ?? "", connection }));
  return items.length === 0 ? undefined : (await vscode.window.showQuickPick(items, { title }))?.connection;
}
