import { useCallback, useContext, useState } from "preact/hooks";
import { createContext } from "preact";
import type * as z from "zod/mini";
import type { Memory } from "../channel/channel.ts";
import { remembered } from "./memory.ts";

/** Where the tab that is shown keeps what it remembers. */
export const TabMemoryContext = createContext<{ readonly memory: Memory; readonly tab: string } | null>(null);

/** State of the tab that is shown, which survives a change of tabs and a reload of the window. What was stored and doesn't fit the schema is forgotten. */
export function useRemembered<T>(name: string, schema: z.ZodMiniType<T>, initial: T): readonly [T, (value: T) => void] {
  const place = useContext(TabMemoryContext);
  const [value, setValue] = useState<T>(() => {
    const parsed = schema.safeParse(place === null ? undefined : tabState(place.memory, place.tab)[name]);
    return parsed.success ? parsed.data : initial;
  });
  const set = useCallback((next: T) => {
    setValue(next);
    if (place === null) return;
    const all = remembered(place.memory.get());
    place.memory.set({ ...all, tabs: { ...all.tabs, [place.tab]: { ...tabState(place.memory, place.tab), [name]: next } } });
  }, [place?.memory, place?.tab, name]);
  return [value, set];
}

function tabState(memory: Memory, tab: string): Readonly<Record<string, unknown>> {
  const state = remembered(memory.get()).tabs[tab];
  return typeof state === "object" && state !== null ? (state as Readonly<Record<string, unknown>>) : {};
}
