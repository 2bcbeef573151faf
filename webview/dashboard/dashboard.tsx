import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ConnectionStatus, Surroundings } from "../../src/protocol/index.ts";
import { App } from "../app/app.tsx";
import type { Client } from "../channel/client.ts";
import { sessionMemory } from "../channel/session.ts";
import { t } from "../l10n.ts";
import { Icon, Select } from "../parts/controls.tsx";
import { QueueList } from "./queue-list.tsx";
import { LIST_ADDRESS, queueAddress, useRoute } from "./route.ts";
import { THEMES } from "./theme-names.ts";
import { chooseTheme, type ThemeChoice, themeChoice } from "./theme.ts";

/** In a browser: the list of queues, and the inspector of one of them. */
export function Dashboard({ client, surroundings }: { readonly client: Client; readonly surroundings: Surroundings }): JSX.Element {
  const route = useRoute();
  const status = useStatus(client, surroundings.connection.status);
  const memory = useMemo(() => sessionMemory(route.queue === null ? "queues" : `queue ${route.queue}`), [route.queue]);
  useEffect(() => {
    document.title = route.queue === null ? "Queuescope" : `${route.queue} – Queuescope`;
    // What to show first is good once: a reload shows what was shown last.
    if (route.queue !== null) history.replaceState(null, "", queueAddress(route.queue));
  }, [route]);
  useEffect(() => client.onEvent((event) => {
    if (event.name === "show" && event.queue !== route.queue) location.hash = queueAddress(event.queue, event);
  }), [client, route]);
  return (
    <>
      <nav class="dashboard-bar" aria-label={t("Dashboard")}>
        {route.queue === null ? <span class="brand">Queuescope</span> : <a href={LIST_ADDRESS} class="back"><Icon name="arrow-left" /> {t("All queues")}</a>}
        {route.queue === null && <span class="where" title={surroundings.connection.url}>{surroundings.connection.label}</span>}
        {route.queue === null && surroundings.connection.readOnly && <span class="status"><Icon name="lock" /> {t("read-only")}</span>}
        {status.state !== "open" && <span class="status lost" role="status"><Icon name="debug-disconnect" /> {status.reason ?? t("connection lost; trying again")}</span>}
        <ThemeSwitch />
      </nav>
      {route.queue === null
        ? <QueueList client={client} memory={memory} />
        : <App key={JSON.stringify(route)} client={client} memory={memory} surroundings={surroundings} queue={route.queue} first={{ tab: route.tab, id: route.id }} />}
    </>
  );
}

function useStatus(client: Client, first: ConnectionStatus): ConnectionStatus {
  const [status, setStatus] = useState(first);
  useEffect(() => client.onEvent((event) => { if (event.name === "connection") setStatus(event.status); }), [client]);
  return status;
}

function ThemeSwitch(): JSX.Element {
  const [choice, setChoice] = useState<ThemeChoice>(themeChoice);
  const titles: Readonly<Record<ThemeChoice, string>> = { system: t("As the system"), dark: t("Dark"), light: t("Light"), "hc-dark": t("High contrast, dark"), "hc-light": t("High contrast, light") };
  const choices = (["system", ...THEMES] as const).map((value) => ({ value, label: titles[value] }));
  return (
    <div class="theme">
      <span aria-hidden="true">{t("Theme")}</span>
      <Select
        label={t("Theme")}
        value={choice}
        choices={choices}
        onChange={(value) => {
          chooseTheme(value as ThemeChoice);
          setChoice(value as ThemeChoice);
        }}
      />
    </div>
  );
}
