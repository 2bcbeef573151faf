import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { InspectorStart } from "./inspectors.ts";

/** The document around the page: nothing runs or loads but what the extension brings, and nothing goes out. */
export function inspectorPage(webview: vscode.Webview, folder: vscode.Uri, queue: string, { tab = "", id = "" }: InspectorStart): string {
  const nonce = randomBytes(18).toString("base64");
  const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="${attribute(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${attribute(queue)}</title>
<link rel="stylesheet" id="vscode-codicon-stylesheet" href="${file("codicon.css")}">
<link rel="stylesheet" href="${file("inspector.css")}">
</head>
<body>
<div id="inspector" data-queue="${attribute(queue)}" data-tab="${attribute(tab)}" data-id="${attribute(id)}"></div>
<script type="module" nonce="${nonce}" src="${file("inspector.js")}"></script>
</body>
</html>`;
}

function attribute(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
