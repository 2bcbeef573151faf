import type { ServerResponse } from "node:http";

/** Of every answer: nothing is kept, guessed, framed or told to others. */
const HEADERS = {
  "Cache-Control": "no-store",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Nothing runs or loads but what the dashboard serves, nothing goes out, and no text becomes HTML by mistake. */
function pagePolicy(host: string): string {
  return `${NOTHING}; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self' ws://${host}; require-trusted-types-for 'script'; trusted-types lit-html`;
}

export function answer(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}, body: string | Uint8Array = ""): void {
  response.writeHead(status, { ...HEADERS, "Content-Security-Policy": NOTHING, ...headers }).end(body);
}

function answerHtml(response: ServerResponse, status: number, html: string, headers: Readonly<Record<string, string>> = {}): void {
  answer(response, status, { "Content-Type": "text/html; charset=utf-8", ...headers }, `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n${html}\n</html>`);
}

/** The document around the page, the same for every queue: which one is shown stands behind the address's `#`. */
export function answerPage(response: ServerResponse, host: string): void {
  answerHtml(response, 200, `<title>Queuescope</title>
<link rel="icon" href="/queuescope.svg">
<link rel="stylesheet" href="/dashboard.css">
<link rel="stylesheet" id="vscode-codicon-stylesheet" href="/codicon.css">
<link rel="stylesheet" href="/inspector.css">
</head>
<body>
<div id="inspector"></div>
<script type="module" src="/inspector.js"></script>
</body>`, { "Content-Security-Policy": pagePolicy(host) });
}

/**
 * Takes the token out of the address. By a page that moves on, not by a redirect: a link from another site (a terminal in a
 * browser, say) starts a chain in which the new cookie would not be sent.
 */
export function answerEntry(response: ServerResponse, cookie: string): void {
  answerHtml(response, 200, `<title>Queuescope</title>\n<meta http-equiv="refresh" content="0; url=/">\n</head>\n<body><p><a href="/">Open the dashboard</a></p></body>`, { "Set-Cookie": cookie });
}

export function answerRefusal(response: ServerResponse, status: number, reason: string): void {
  const text = reason.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(/`([^`]*)`/g, "<code>$1</code>");
  answerHtml(response, status, `<title>Queuescope: refused</title>\n</head>\n<body>\n<h1>The dashboard is not open to you here</h1>\n<p>${text}</p>\n</body>`);
}
