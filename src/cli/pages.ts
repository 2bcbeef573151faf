import type { Page } from "../core/index.ts";
import type { Session } from "./session.ts";

/** The items of every page, one page in memory at a time. */
export async function* eachPage<T>(session: Session, read: (after: string | undefined) => Promise<Page<T>>): AsyncGenerator<readonly T[]> {
  let after: string | undefined;
  do {
    session.checkpoint("Stopped before the end.");
    const page: Page<T> = await read(after);
    if (page.items.length > 0) yield page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}

/** All of them, or the first `limit`. */
export async function allPages<T>(session: Session, read: (after: string | undefined) => Promise<Page<T>>, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
  const items: T[] = [];
  for await (const page of eachPage(session, read)) {
    items.push(...page);
    if (items.length >= limit) return items.slice(0, limit);
  }
  return items;
}
