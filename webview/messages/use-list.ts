import { useEffect, useMemo, useState } from "preact/hooks";
import type { MessageFilter, Order } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { type ListState, MessageList } from "./list.ts";
import { Tail, type TailState } from "./tail.ts";

/** The list of a filter, read anew when the filter is another one. `null` while it isn't shown. */
export function useList(filter: MessageFilter, order: Order, shown: boolean, first: string | undefined): { readonly list: MessageList; readonly state: ListState } {
  const { client, queue, version } = useInspector();
  const key = JSON.stringify([queue.name, filter, order]);
  const [, setState] = useState<ListState>();
  const list = useMemo(() => new MessageList(client, { queue: queue.name, filter, order }, setState), [client, key]);
  useEffect(() => {
    void (first === undefined ? list.toStart() : list.to(first));
    return () => { list.stop(); };
  }, [list]);
  useEffect(() => { if (shown && version > 0) list.changed(); }, [list, version, shown]);
  return { list, state: list.state };
}

/** What enters from now on; `null` while it isn't followed. */
export function useTail(filter: MessageFilter, on: boolean): { readonly tail: Tail; readonly state: TailState } | null {
  const { client, queue } = useInspector();
  const key = JSON.stringify([queue.name, filter]);
  const [, setState] = useState<TailState>();
  const tail = useMemo(() => (on ? new Tail(client, { queue: queue.name, filter, onFrame: (act) => { requestAnimationFrame(act); }, tell: setState }) : null), [client, key, on]);
  useEffect(() => {
    tail?.start();
    return () => { tail?.stop(); };
  }, [tail]);
  return tail === null ? null : { tail, state: tail.state };
}
