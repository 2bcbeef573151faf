import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { L10N_BUNDLE, l10nBundle } from "../../scripts/make-l10n.ts";
import { COMMAND_IDS, TRUSTED_COMMANDS } from "../../src/extension/commands/ids.ts";
import { CONTEXT_KEYS, ROW_TOKENS } from "../../src/extension/contexts.ts";

interface MenuItem {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly icon?: string; readonly enablement?: string }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string; readonly when?: string }[];
    readonly keybindings: readonly MenuItem[];
    readonly jsonValidation: readonly { readonly url: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
    readonly walkthroughs: readonly { readonly steps: readonly { readonly id: string; readonly description: string; readonly media: { readonly markdown: string }; readonly completionEvents: readonly string[] }[] }[];
  };
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] } };
}

const root = join(import.meta.dirname, "..", "..");
const manifestText = await readFile(join(root, "package.json"), "utf8");
const manifest = JSON.parse(manifestText) as Manifest;
const nls = JSON.parse(await readFile(join(root, "package.nls.json"), "utf8")) as Record<string, string>;
const { contributes } = manifest;
const ours: ReadonlySet<string> = new Set(COMMAND_IDS);

/** Context keys of VS Code that our when-clauses use. */
const EDITOR_KEYS = new Set(["view", "viewItem", "isWorkspaceTrusted", "workspaceFolderCount", "resourceScheme", "resourceFilename", "editorIsOpen", "editorHasSelection", "editorTextFocus", "explorerResourceIsFolder"]);

const whenClauses = [
  ...Object.values(contributes.menus).flat(),
  ...contributes.keybindings,
  ...contributes.viewsWelcome,
  ...contributes.commands.map(({ enablement }) => ({ when: enablement })),
].flatMap(({ when }) => (when === undefined ? [] : [when]));

/** The keys that a clause tests; values and regular expressions taken out. */
function keysOf(clause: string): string[] {
  const tests = clause
    .replaceAll(/=~\s*\/(?:\\.|[^/\\])+\//g, "")
    .replaceAll(/[=!]=\s*[\w.]+/g, "")
    .matchAll(/[a-zA-Z][\w.]*/g);
  return [...tests].map(([key]) => key).filter((key) => key !== "true" && key !== "false");
}

describe("the extension's manifest", () => {
  it("has the same commands as the code", () => {
    assert.deepEqual(contributes.commands.map(({ command }) => command).sort(), [...COMMAND_IDS].sort());
  });

  it("takes every text from package.nls.json, and every text there is used", () => {
    const used = [...manifestText.matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(nls).sort());
    for (const { title } of contributes.commands) assert.match(title, /^%command\.\w+%$/);
  });

  it("names only existing commands in menus and keybindings", () => {
    for (const { command } of [...Object.values(contributes.menus).flat(), ...contributes.keybindings]) assert.ok(ours.has(command), command);
  });

  it("has an icon for every command that stands inline or in a title bar", () => {
    const icons = new Map(contributes.commands.map(({ command, icon }) => [command, icon]));
    const shown = [...(contributes.menus["view/item/context"] ?? []), ...(contributes.menus["view/title"] ?? []), ...(contributes.menus["editor/title"] ?? [])].filter(({ group = "" }) => group.startsWith("inline") || group.startsWith("navigation"));
    assert.deepEqual(shown.filter(({ command }) => icons.get(command) === undefined).map(({ command }) => command), []);
  });

  it("tests only known contexts in when-clauses", () => {
    const known = new Set<string>([...EDITOR_KEYS, ...Object.values(CONTEXT_KEYS)]);
    for (const clause of whenClauses) {
      for (const key of keysOf(clause)) assert.ok(known.has(key), `${key} in ${clause}`);
    }
  });

  it("matches only tokens that rows can have", () => {
    const tokens = new Set<string>(ROW_TOKENS);
    for (const clause of whenClauses) {
      for (const [, pattern = ""] of clause.matchAll(/viewItem =~ \/\\b(.+?)\\b\//g)) {
        const [, stem = "", ends = ""] = /^(\w*)(?:\(([\w|]+)\))?$/.exec(pattern) ?? [];
        for (const end of ends === "" ? [""] : ends.split("|")) assert.ok(tokens.has(stem + end), `${stem + end} in ${clause}`);
      }
    }
  });

  it("names only views that exist", () => {
    const views = new Set(Object.values(contributes.views).flat().map(({ id }) => id));
    for (const clause of whenClauses) {
      for (const [, view = ""] of clause.matchAll(/\bview == ([\w.]+)/g)) assert.ok(views.has(view), view);
    }
    for (const { view } of contributes.viewsWelcome) assert.ok(views.has(view), view);
  });

  it("links only to commands that exist from welcome texts and the walkthrough", () => {
    const texts = [...contributes.viewsWelcome.map(({ contents }) => contents), ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ description }) => description))];
    const builtIn = new Set(["vscode.openFolder", "workbench.trust.manage", "workbench.action.openWalkthrough"]);
    for (const key of texts) {
      const text = nls[key.slice(1, -1)] ?? "";
      for (const [, command = ""] of text.matchAll(/\(command:([\w.]+)/g)) assert.ok(ours.has(command) || builtIn.has(command), command);
    }
    for (const event of contributes.walkthroughs.flatMap(({ steps }) => steps.flatMap(({ completionEvents }) => completionEvents))) {
      const [kind, name = ""] = event.split(":");
      assert.ok(kind === "onCommand" ? ours.has(name) : (Object.values(CONTEXT_KEYS) as string[]).includes(name), event);
    }
  });

  it("names only files that exist", () => {
    const files = [...contributes.jsonValidation.map(({ url }) => url), ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)), "media/queuescope.svg", "media/icon.png"];
    assert.deepEqual(files.filter((file) => !existsSync(join(root, file))), []);
  });

  it("hides what runs code in a folder that isn't trusted, in every menu", () => {
    for (const [menu, items] of Object.entries(contributes.menus)) {
      for (const { command, when = "" } of items) {
        if (!(TRUSTED_COMMANDS as ReadonlySet<string>).has(command) || when === "false") continue;
        assert.match(when, /\bisWorkspaceTrusted\b/, `${command} in ${menu}`);
      }
    }
    const inPalette = new Set((contributes.menus["commandPalette"] ?? []).map(({ command }) => command));
    for (const command of TRUSTED_COMMANDS) assert.ok(inPalette.has(command), command);
  });

  it("keeps start, debug and stop of a worker in this order wherever they stand", () => {
    const order = ["queuescope.startWorker", "queuescope.debugWorker", "queuescope.stopWorker"];
    for (const [menu, items] of Object.entries(contributes.menus)) {
      const lists = Map.groupBy(items.filter(({ command, group }) => order.includes(command) && group !== undefined), ({ when = "", group = "" }) => `${menu} ${/viewItem =~ \/(.+?)\//.exec(when)?.[1] ?? ""} ${group.split("@")[0] ?? ""}`);
      for (const [list, shown] of lists) {
        const sorted = shown.toSorted((a, b) => Number(a.group?.split("@")[1]) - Number(b.group?.split("@")[1])).map(({ command }) => command);
        assert.deepEqual(sorted, order.filter((command) => sorted.includes(command)), list);
      }
    }
  });

  it("offers no change on a row whose connection is read-only", () => {
    const inspecting = ["refresh", "setEncryptionKey", "peekMessages", "copyName", "filterPartitions", "openMessage", "showTrace", "openWorkspaceFile", "stopWorker", "addConnection", "removeConnection", "connect", "disconnect", "setCredentials", "startLocalNats", "stopLocalNats", "openStreamItem", "startTap", "tapIntoQueue", "stopTap", "clearTap", "removeTap", "openArrival", "saveArrivals", "openInspector", "openInspectorBeside"].map((name) => `queuescope.${name}`);
    // Popped messages can't be there.
    const changing = (contributes.menus["view/item/context"] ?? []).filter(({ command, when = "" }) => !inspecting.includes(command) && !when.includes("held"));
    for (const { command, when = "" } of changing) assert.ok(when.includes("writable"), command);
  });

  it("restricts the settings that run or connect", () => {
    const restricted = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
    assert.deepEqual([...restricted].sort(), ["queuescope.nodePath", "queuescope.url"]);
    for (const name of restricted) assert.ok(name in contributes.configuration.properties, name);
  });

  it("comes with every text of the code for translators", async () => {
    assert.equal(await readFile(L10N_BUNDLE, "utf8"), l10nBundle(), "Run: node scripts/make-l10n.ts");
  });

  it("doesn't load with every window", () => {
    assert.deepEqual(manifest.activationEvents.filter((event) => event === "*" || event === "onStartupFinished"), []);
  });

  it("shows at most three inline actions a row", () => {
    const inline = (contributes.menus["view/item/context"] ?? []).filter(({ group = "" }) => group.startsWith("inline"));
    // Rows as they are most crowded: everything allowed.
    const rows = ["connection writable", "queue dead writable", "section partitions writable", "section ready writable", "section dead writable", "partition writable", "group writable", "message ready writable", "message scheduled writable", "message retrying writable", "message leased held writable", "message leased writable", "deadLetter writable", "deadQueue writable", "workerDefinition running writable", "workerInstance running", "connection remote removable keepsCredentials nats writable", "connection failed remote disconnected lacksCredentials keepsCredentials removable", "connection failed remote disconnected removable localNats", "queue dead foreign writable", "message ready foreign writable", "deadLetter foreign writable", "deadQueue foreign writable", "stream", "streamItem", "tap running writable", "tap writable", "tap recording running writable", "tap recording writable", "arrival writable"];
    for (const row of rows) {
      const shown = inline.filter(({ when = "" }) => when.split(" && ").every((test) => holds(test, row)));
      assert.ok(shown.length <= 3, `${row}: ${shown.map(({ command }) => command).join(", ")}`);
      assert.equal(new Set(shown.map(({ group }) => group)).size, shown.length, `${row}: two actions at one place`);
    }
  });
});

/** Whether one test of a clause holds for a row's `viewItem`, in a trusted folder. */
function holds(test: string, viewItem: string): boolean {
  const [, negation = "", pattern] = /^(!\()?viewItem =~ \/(.+)\/\)?$/.exec(test) ?? [];
  if (pattern === undefined) return test === "isWorkspaceTrusted";
  return new RegExp(pattern).test(viewItem) === (negation === "");
}
