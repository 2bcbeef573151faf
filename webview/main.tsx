import { render } from "preact";
import { isTab } from "./app/tabs.ts";
import { Client } from "./channel/client.ts";
import { editorChannel } from "./channel/editor.ts";
import { setTexts } from "./l10n.ts";
import { Failure } from "./parts/notice.tsx";

/** The webview's page: which queue it shows stands in the document that the extension made. */
async function start(root: HTMLElement): Promise<void> {
  const channel = editorChannel();
  const client = new Client(channel);
  try {
    const surroundings = await client.call("page.open", {});
    setTexts(surroundings.texts);
    // Only now: titles of columns are made as its modules start.
    const { App } = await import("./app/app.tsx");
    const { queue = "", tab, id = "" } = root.dataset;
    const first = { tab: isTab(tab) ? tab : undefined, id: id === "" ? undefined : id };
    render(<App client={client} memory={channel.memory} surroundings={surroundings} queue={queue} first={first} />, root);
  } catch (error) {
    render(<Failure error={error instanceof Error ? error : new Error(String(error))} />, root);
  }
}

const root = document.getElementById("inspector");
if (root !== null) void start(root);
