import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { QueueView, Surroundings } from "../../src/protocol/index.ts";
import type { Client } from "../channel/client.ts";
import type { TabName } from "./tabs.ts";

/** What every part of the page works with. */
export interface Inspector {
  readonly client: Client;
  readonly surroundings: Surroundings;
  readonly queue: QueueView;
  /** The group whose view is shown; `default` until another is chosen. */
  readonly group: string;
  /** Goes up with each change in the broker: what is shown is asked again. */
  readonly version: number;
  /** Shows a tab, with what it is to start from; `null` keeps what it showed. */
  readonly show: (tab: TabName, start?: TabStart) => void;
  /** The tab's own words about what was just done; screen readers say them. */
  readonly announce: (text: string) => void;
}

/** Where a link from another tab leads. */
export interface TabStart {
  readonly messageId?: string | undefined;
  readonly deadLetterId?: string | undefined;
  readonly traceName?: string | undefined;
  /** Pushed again: taken over by the form. */
  readonly pushFrom?: string | undefined;
  readonly partition?: string | undefined;
  readonly group?: string | undefined;
}

/** What a link from outside names: in its tab the id is a message's, a dead letter's, or a group's name. */
export function startOf(tab: TabName | undefined, id: string | undefined): TabStart {
  if (id === undefined) return {};
  return tab === "groups" ? { group: id } : tab === "dead-letters" ? { deadLetterId: id } : { messageId: id };
}

export const InspectorContext = createContext<Inspector | null>(null);

export function useInspector(): Inspector {
  const inspector = useContext(InspectorContext);
  if (inspector === null) throw new Error("Only below an inspector.");
  return inspector;
}
