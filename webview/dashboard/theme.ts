import { type Theme, THEMES } from "./theme-names.ts";

// The editor gives its webviews colours and says their kind; in a browser this does.

/** `system`: as the machine is set. */
export type ThemeChoice = Theme | "system";

const KEY = "queuescope theme";
const LIGHT = matchMedia("(prefers-color-scheme: light)");
const CONTRAST = matchMedia("(prefers-contrast: more), (forced-colors: active)");

/** As the editor names the kinds on a webview's body. */
const KINDS: Readonly<Record<Theme, { readonly kind: string; readonly classes: string }>> = {
  dark: { kind: "vscode-dark", classes: "vscode-dark" },
  light: { kind: "vscode-light", classes: "vscode-light" },
  "hc-dark": { kind: "vscode-high-contrast", classes: "vscode-high-contrast" },
  "hc-light": { kind: "vscode-high-contrast-light", classes: "vscode-high-contrast vscode-high-contrast-light" },
};

export function themeChoice(): ThemeChoice {
  const stored = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === stored) ?? "system";
}

export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(KEY, choice);
  apply();
}

/** Follows the choice, and the machine where nothing else was chosen. */
export function followTheme(): void {
  apply();
  LIGHT.addEventListener("change", apply);
  CONTRAST.addEventListener("change", apply);
}

function apply(): void {
  const choice = themeChoice();
  const theme = choice === "system" ? systemTheme() : choice;
  document.documentElement.dataset["theme"] = theme;
  document.body.className = KINDS[theme].classes;
  document.body.dataset["vscodeThemeKind"] = KINDS[theme].kind;
}

function systemTheme(): Theme {
  if (CONTRAST.matches) return LIGHT.matches ? "hc-light" : "hc-dark";
  return LIGHT.matches ? "light" : "dark";
}
