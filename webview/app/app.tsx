import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ConnectionStatus, Surroundings } from "../../src/protocol/index.ts";
import type { Memory } from "../channel/channel.ts";
import type { Client } from "../channel/client.ts";
import { t } from "../l10n.ts";
import { Failure } from "../parts/notice.tsx";
import { Header } from "./header.tsx";
import { type Inspector, InspectorContext, startOf, type TabStart } from "./inspector.ts";
import { remembered } from "./memory.ts";
import { TabBar, TabPanel } from "./tab-bar.tsx";
import { isTab, type TabName } from "./tabs.ts";
import { useQuestion } from "./use-call.ts";

export interface AppProps {
  readonly client: Client;
  readonly memory: Memory;
  readonly surroundings: Surroundings;
  readonly queue: string;
  /** What to show first; without it, what was shown last. */
  readonly first: { readonly tab: TabName | undefined; readonly id: string | undefined };
}

/** One queue: its header, and a tab at a time. */
export function App({ client, memory, surroundings, queue: name, first }: AppProps): JSX.Element {
  const start = useMemo(() => remembered(memory.get()), [memory]);
  const [tab, setTab] = useState<TabName>(first.tab ?? start.tab);
  const [group, setGroup] = useState(start.group);
  const [tabStart, setTabStart] = useState<TabStart>(startOf(first.tab, first.id));
  const [announced, announce] = useState("");
  const { version, status } = useEvents(client, surroundings.connection.status);
  const { value: queue, error } = useQuestion(client, version, "queue.get", { queue: name });

  useEffect(() => { memory.set({ ...remembered(memory.get()), connection: surroundings.connection.id, queue: name, tab, group }); }, [memory, name, tab, group]);
  useEffect(() => client.onEvent((event) => {
    if (event.name === "show" && event.queue === name) {
      if (isTab(event.tab)) setTab(event.tab);
      setTabStart(startOf(isTab(event.tab) ? event.tab : undefined, event.id));
    }
  }), [client, name]);

  if (queue === undefined) return error === undefined ? <p class="loading" role="status">{t("Reading the queue {0}…", name)}</p> : <Failure error={error} />;
  const inspector: Inspector = {
    client,
    surroundings,
    queue,
    group,
    version,
    announce,
    show: (to, from = {}) => {
      setTabStart(from);
      setTab(to);
    },
  };
  return (
    <InspectorContext.Provider value={inspector}>
      <Header status={status} onGroup={setGroup} />
      {error !== undefined && <Failure error={error} />}
      <TabBar current={tab} onSelect={(to) => { inspector.show(to); }} />
      <TabPanel name={tab} start={tabStart} memory={memory} />
      <p class="visually-hidden" role="status" aria-live="polite">{announced}</p>
    </InspectorContext.Provider>
  );
}

function useEvents(client: Client, first: ConnectionStatus): { readonly version: number; readonly status: ConnectionStatus } {
  const [version, setVersion] = useState(0);
  const [status, setStatus] = useState(first);
  useEffect(() => client.onEvent((event) => {
    if (event.name === "changed") setVersion((last) => last + 1);
    else if (event.name === "connection") setStatus(event.status);
  }), [client]);
  return { version, status };
}
