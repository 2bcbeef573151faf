import "@vscode-elements/elements/dist/vscode-badge/index.js";
import "@vscode-elements/elements/dist/vscode-button/index.js";
import "@vscode-elements/elements/dist/vscode-checkbox/index.js";
import "@vscode-elements/elements/dist/vscode-icon/index.js";
import "@vscode-elements/elements/dist/vscode-option/index.js";
import "@vscode-elements/elements/dist/vscode-progress-bar/index.js";
import "@vscode-elements/elements/dist/vscode-single-select/index.js";
import "@vscode-elements/elements/dist/vscode-textarea/index.js";
import "@vscode-elements/elements/dist/vscode-textfield/index.js";
import "./scrollable.ts";
import { type FunctionComponent, h, type HTMLAttributes } from "preact";

/** The web components that the page uses, typed: their own properties beside those of every element. */
function webComponent<Own>(tag: string): FunctionComponent<Own & HTMLAttributes<HTMLElement>> {
  return (props) => h(tag, props);
}

export const VscodeBadge = webComponent<{ readonly variant?: "default" | "counter" }>("vscode-badge");
export const VscodeButton = webComponent<{ readonly secondary?: boolean; readonly icon?: string; readonly disabled?: boolean }>("vscode-button");
export const VscodeCheckbox = webComponent<{ readonly checked?: boolean; readonly label?: string; readonly disabled?: boolean; readonly toggle?: boolean }>("vscode-checkbox");
export const VscodeIcon = webComponent<{ readonly name: string; readonly size?: number; readonly spin?: boolean }>("vscode-icon");
export const VscodeOption = webComponent<{ readonly value: string; readonly selected?: boolean; readonly description?: string }>("vscode-option");
export const VscodeProgressBar = webComponent<{ readonly value?: number; readonly max?: number; readonly indeterminate?: boolean }>("vscode-progress-bar");
export const VscodeSingleSelect = webComponent<{ readonly value?: string; readonly disabled?: boolean; readonly combobox?: boolean; readonly label?: string }>("vscode-single-select");
export const VscodeTextarea = webComponent<{ readonly value?: string; readonly rows?: number; readonly monospace?: boolean; readonly resize?: string; readonly placeholder?: string; readonly invalid?: boolean; readonly label?: string; readonly readonly?: boolean }>("vscode-textarea");
export const VscodeTextfield = webComponent<{ readonly value?: string; readonly placeholder?: string; readonly type?: string; readonly disabled?: boolean; readonly invalid?: boolean; readonly label?: string }>("vscode-textfield");
