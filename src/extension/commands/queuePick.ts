import * as vscode from "vscode";
import { queueName } from "../../core/index.ts";
import type { Rows } from "../loaders/paging.ts";
import { checkedBy } from "./ask.ts";

export interface NamePick {
  readonly title: string;
  /** Whether a name that is typed and isn't in the list is an answer too. */
  readonly allowNew: boolean;
  /** Names that hold a text: all, or the first of many. */
  readonly load: (match: string) => Promise<Rows<string>>;
}

interface NameItem extends vscode.QuickPickItem {
  readonly name: string;
}

/** Picks a queue by its name. Of very many the first are listed, and what is typed is looked for among all. */
export async function pickName({ title, allowNew, load }: NamePick): Promise<string | undefined> {
  const first = await load("");
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const pick = vscode.window.createQuickPick<NameItem>();
  const list = (names: readonly string[], typed: string): void => {
    const isNew = allowNew && typed !== "" && !names.includes(typed) && checkedBy(queueName)(typed) === undefined;
    const known = names.map((name): NameItem => ({ name, label: `$(inbox) ${name}` }));
    pick.items = isNew ? [...known, { name: typed, label: `$(add) ${typed}`, description: vscode.l10n.t("new queue") }] : known;
  };
  const search = async (typed: string): Promise<void> => {
    pick.busy = true;
    const found = await load(typed);
    // Only the last search counts, and what was listed first may match in the editor's own, looser way.
    if (typed !== pick.value.trim()) return;
    list([...new Set([...found.items, ...first.items])], typed);
    pick.busy = false;
  };
  pick.title = title;
  pick.placeholder = placeholder(first, allowNew);
  list(first.items, "");
  pick.onDidChangeValue((value) => {
    const typed = value.trim();
    if (!first.more) list(first.items, typed);
    else search(typed).catch((error: unknown) => {
      reject(error instanceof Error ? error : new Error(String(error)));
      pick.hide();
    });
  });
  pick.onDidAccept(() => {
    const [chosen] = pick.activeItems;
    if (chosen === undefined) return;
    resolve(chosen.name);
    pick.hide();
  });
  pick.onDidHide(() => {
    resolve(undefined);
    pick.dispose();
  });
  pick.show();
  return promise;
}

function placeholder({ items, more }: Rows<string>, allowNew: boolean): string {
  if (items.length === 0) return vscode.l10n.t("Name of the new queue");
  if (more) return vscode.l10n.t("The first {0} queues are listed; type to search in all", items.length.toLocaleString());
  return allowNew ? vscode.l10n.t("Pick a queue, or type a new name") : vscode.l10n.t("Queue");
}
