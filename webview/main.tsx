import type { JSX } from "preact";
import { render } from "preact";
import type { Surroundings } from "../src/protocol/index.ts";
import { App } from "./app/app.tsx";
import { isTab } from "./app/tabs.ts";
import type { Channel } from "./channel/channel.ts";
import { Client } from "./channel/client.ts";
import { editorChannel, isInEditor } from "./channel/editor.ts";
import { sessionMemory } from "./channel/session.ts";
import { socketChannel } from "./channel/socket.ts";
import { Dashboard } from "./dashboard/dashboard.tsx";
import { followTheme } from "./dashboard/theme.ts";
import { serveTransfers } from "./dashboard/transfers.ts";
import { setTexts } from "./l10n.ts";
import { Failure } from "./parts/notice.tsx";

/** Asks where the page is, and shows what there is to see. */
async function start(root: HTMLElement, channel: Channel, show: (client: Client, surroundings: Surroundings) => JSX.Element): Promise<void> {
  const client = new Client(channel);
  try {
    const surroundings = await client.call("page.open", {});
    setTexts(surroundings.texts);
    render(show(client, surroundings), root);
  } catch (error) {
    render(<Failure error={error instanceof Error ? error : new Error(String(error))} />, root);
  }
}

/** In a webview: which queue it shows stands in the document that the extension made. */
function startInEditor(root: HTMLElement): Promise<void> {
  const channel = editorChannel();
  const { queue = "", tab, id = "" } = root.dataset;
  const first = { tab: isTab(tab) ? tab : undefined, id: id === "" ? undefined : id };
  return start(root, channel, (client, surroundings) => <App client={client} memory={channel.memory} surroundings={surroundings} queue={queue} first={first} />);
}

/** From the dashboard: every queue, one at a time. */
function startInBrowser(root: HTMLElement): Promise<void> {
  followTheme();
  return start(root, socketChannel(sessionMemory("page")), (client, surroundings) => {
    serveTransfers(client);
    return <Dashboard client={client} surroundings={surroundings} />;
  });
}

const root = document.getElementById("inspector");
if (root !== null) void (isInEditor() ? startInEditor(root) : startInBrowser(root));
