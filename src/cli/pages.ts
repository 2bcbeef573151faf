import type { Page, PageRequest } from "../core/index.ts";
import type { Session } from "./session.ts";

/** The most that one call gives. */
const MOST_A_PAGE = 1_000;

/** The items of every page, one page in memory at a time; of a limited list as many pages as it needs. */
export async function* eachPage<T>(session: Session, read: (page: PageRequest) => Promise<Page<T>>, { after, limit = Number.POSITIVE_INFINITY }: PageRequest = {}): AsyncGenerator<readonly T[]> {
  let place = after;
  let left = limit;
  do {
    session.checkpoint("Stopped before the end.");
    const page: Page<T> = await read({ after: place, limit: Math.min(MOST_A_PAGE, left) });
    if (page.items.length > 0) yield page.items;
    left -= page.items.length;
    place = page.next ?? undefined;
  } while (place !== undefined && left > 0);
}

/** All of them, or the first `limit` after a place. */
export async function allPages<T>(session: Session, read: (page: PageRequest) => Promise<Page<T>>, part: PageRequest = {}): Promise<T[]> {
  const items: T[] = [];
  for await (const page of eachPage(session, read, part)) items.push(...page);
  return items;
}

/** Said below a list that may have been cut off. */
export function noteLimit({ out }: Session, shown: number, limit: number, what = ""): void {
  if (shown === limit) out.note(`These are the first ${limit}${what === "" ? "" : ` ${what}`}; see more with --limit.`);
}
