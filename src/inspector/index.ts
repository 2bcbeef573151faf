/** The host's side of the inspector: answers a page's calls on any broker. Free of `vscode` and of HTTP. */
export type * from "./host.ts";
export { serveInspector } from "./serve.ts";
