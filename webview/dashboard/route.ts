import { useEffect, useState } from "preact/hooks";
import { isTab, type TabName } from "../app/tabs.ts";

/** What stands behind the address's `#`. */
export interface Route {
  /** `null`: the list of queues. */
  readonly queue: string | null;
  readonly tab: TabName | undefined;
  readonly id: string | undefined;
}

export const LIST_ADDRESS = "#/";

export function queueAddress(queue: string, { tab, id }: { readonly tab?: string | undefined; readonly id?: string | undefined } = {}): string {
  const query = new URLSearchParams({ ...(tab === undefined ? {} : { tab }), ...(id === undefined ? {} : { id }) }).toString();
  return `#/queue/${encodeURIComponent(queue)}${query === "" ? "" : `?${query}`}`;
}

export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.split("?", 2);
  const name = /^#\/queue\/([^/]+)$/.exec(path)?.[1];
  const given = new URLSearchParams(query);
  const tab = given.get("tab");
  return { queue: name === undefined ? null : decoded(name), tab: isTab(tab) ? tab : undefined, id: given.get("id") ?? undefined };
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const onChange = (): void => { setRoute(routeOf(location.hash)); };
    window.addEventListener("hashchange", onChange);
    return () => { window.removeEventListener("hashchange", onChange); };
  }, []);
  return route;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
