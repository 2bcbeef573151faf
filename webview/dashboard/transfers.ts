import type { Client } from "../channel/client.ts";

/** Files that the dashboard's process sends or asks for: the browser's own downloads and file dialog. */
export function serveTransfers(client: Client): void {
  client.onEvent((event) => {
    if (event.name === "download") download(event.url);
    else if (event.name === "upload") upload(event.url);
  });
}

function download(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

function upload(url: string): void {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".ndjson,.jsonl,application/x-ndjson";
  // The call that wanted the file says what became of it.
  const answer = (init: RequestInit): void => { fetch(url, init).catch(() => undefined); };
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (file === undefined) answer({ method: "DELETE" });
    else answer({ method: "PUT", body: file, headers: { "X-File-Name": encodeURIComponent(file.name) } });
  });
  input.addEventListener("cancel", () => { answer({ method: "DELETE" }); });
  input.click();
}
