import type { JSX } from "preact";
import type { MessageState } from "../../src/core/message.ts";
import { t } from "../l10n.ts";

export function stateName(state: MessageState): string {
  switch (state) {
    case "ready":
      return t("ready");
    case "scheduled":
      return t("scheduled");
    case "leased":
      return t("leased");
    case "retrying":
      return t("retrying");
    case "completed":
      return t("completed");
    case "dead":
      return t("dead");
  }
}

const ICONS: Readonly<Record<MessageState, string>> = { ready: "circle-filled", scheduled: "clock", leased: "lock", retrying: "sync", completed: "check", dead: "error" };

/** The state's icon, in the state's colour; its name stands beside it. No web component: tables draw hundreds a second. */
export function StateMark({ state }: { readonly state: MessageState }): JSX.Element {
  return <span class={`state-mark ${state} codicon codicon-${ICONS[state]}`} aria-hidden="true" />;
}
