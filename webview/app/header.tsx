import type { JSX } from "preact";
import type { ConnectionStatus } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";
import { IconButton, Icon, Select } from "../parts/controls.tsx";
import { number } from "../parts/format.ts";
import { useInspector } from "./inspector.ts";

/** Which queue, how it stands, and for which group. */
export function Header({ status, onGroup }: { readonly status: ConnectionStatus; readonly onGroup: (group: string) => void }): JSX.Element {
  const { queue, group, surroundings, client, announce } = useInspector();
  const { connection } = surroundings;
  const counts = queue.groups.find(({ name }) => name === group)?.counts ?? queue.counts;
  const groups = ["default", ...queue.groups.map(({ name }) => name).filter((name) => name !== "default")];

  function setPaused(paused: boolean): void {
    client.call("queue.pause", { queue: queue.name, paused }).then(
      () => { announce(paused ? t("Paused {0}", queue.name) : t("Resumed {0}", queue.name)); },
      (error: unknown) => { announce(String(error)); },
    );
  }

  return (
    <header class="header">
      <h1 title={queue.name}>{queue.name}</h1>
      <span class="where" title={connection.url}>{connection.label}</span>
      {status.state !== "open" && <span class="status" role="status" title={status.reason ?? ""}><Icon name={status.state === "connecting" ? "sync" : "debug-disconnect"} /> {stateText(status)}</span>}
      {queue.paused && <span class="status paused"><Icon name="debug-pause" /> {t("paused")}</span>}
      {connection.readOnly && <span class="status"><Icon name="lock" /> {t("read-only")}</span>}
      <dl class="counts">
        <Count name={t("ready")} value={counts.ready} />
        <Count name={t("scheduled")} value={counts.scheduled} />
        <Count name={t("leased")} value={counts.leased} />
        <Count name={t("retrying")} value={counts.retrying} />
        <Count name={t("completed")} value={counts.completed} />
        <Count name={t("dead")} value={counts.dead} />
      </dl>
      <div class="for-group">
        <span class="where" aria-hidden="true">{t("Group")}</span>
        <Select label={t("Group")} value={group} onChange={onGroup} choices={groups.map((name) => ({ value: name, label: name }))} />
        {!connection.readOnly && <IconButton icon={queue.paused ? "debug-start" : "debug-pause"} label={queue.paused ? t("Resume the queue") : t("Pause the queue")} onClick={() => { setPaused(!queue.paused); }} />}
      </div>
    </header>
  );
}

function Count({ name, value }: { readonly name: string; readonly value: number }): JSX.Element {
  return <div class={value === 0 ? "count none" : "count"}><dd>{number(value)}</dd><dt>{name}</dt></div>;
}

function stateText({ state, reason }: ConnectionStatus): string {
  switch (state) {
    case "open":
      return "";
    case "connecting":
      return t("connecting…");
    case "lost":
      return t("connection lost; trying again");
    case "failed":
      return reason ?? t("not reachable");
    case "disconnected":
      return t("disconnected");
  }
}
