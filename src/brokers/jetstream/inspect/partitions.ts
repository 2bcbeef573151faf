import { badAfter, DEFAULT_GROUP, invalidInput, pageLimit, slicePage, textMatch } from "../../../core/index.ts";
import type { Page, PartitionInfo, PartitionsRequest } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { SHELVES, Subjects } from "../subjects.ts";
import { Backlog } from "./backlog.ts";
import { allNames, shelfNames } from "./partition-names.ts";
import type { Names } from "./partition-names.ts";
import { viewOf } from "./view.ts";

/** Shelves that one call looks through. */
const SHELVES_A_CALL = 8;

interface Ranked {
  readonly name: string;
  readonly lag: number;
  /** `null`: not counted yet. */
  readonly messages: number | null;
}

/** Behind a partition: of the worst first, of all by name, or of one shelf by name. */
type Place = { readonly lag: number; readonly name: string } | { readonly name: string } | { readonly shelf: number; readonly name: string };

/**
 * Up to some 50,000 partitions are listed and sorted whole: by name, or by how far each is behind. That is exact while
 * no more than 20,000 messages wait to be taken up the first time; beyond, it is estimated from the first and the last of
 * them, and only the lags shown are counted: each page is in order, and the next page may hold a larger one.
 *
 * More partitions than that are too many to sort. The worst first then means: those that the group holds or waits for,
 * and those among the next 5,000 messages and the last 2,000, sorted; then all others, shelf by shelf (a 64th of them each) by name. By
 * name means: by name within each shelf.
 */
export async function partitions(engine: Engine, queue: Definition, request: PartitionsRequest): Promise<Page<PartitionInfo>> {
  const limit = pageLimit(request);
  checkSort(request.sort);
  const place = readPlace(request);
  const subjects = new Subjects(queue.name);
  const backlog = await Backlog.read(engine, queue, await viewOf(engine, queue, request.group ?? DEFAULT_GROUP));
  const page = await pageOf(engine, subjects, backlog, request, place, limit);
  const items = await backlog.infos(page.items);
  // Where pages were made by estimates, what is on one is put in order by what it is.
  return { items: request.sort === "name" || backlog.exact ? items : items.sort(worseFirst), next: page.next };
}

async function pageOf(engine: Engine, subjects: Subjects, backlog: Backlog, request: PartitionsRequest, place: Place | null, limit: number): Promise<Page<Ranked>> {
  const fits = request.match === undefined ? () => true : textMatch(request.match);
  if (place !== null && "shelf" in place) return byShelf(engine, subjects, backlog, request, place, limit);
  const names = await allNames(engine, subjects, place !== null && !("lag" in place));
  if (request.sort === "name") return names === null ? byShelf(engine, subjects, backlog, request, { shelf: 0, name: "" }, limit) : byName(names, backlog, fits, place?.name ?? null, limit);
  const ranked = names === null ? backlog.known() : await backlog.ranked(names);
  const found = ranked.filter(({ name }) => fits(name)).sort(worseFirst);
  const page = slicePage(place === null ? found : found.filter((one) => worseFirst(one, { lag: 0, ...place }) > 0), limit, ({ lag, name }) => `${lag}:${name}`);
  return page.next === null && names === null ? { ...page, next: "#0:" } : page;
}

function byName(names: Names, backlog: Backlog, fits: (name: string) => boolean, after: string | null, limit: number): Page<Ranked> {
  const sorted = [...names.keys()].filter((name) => (after === null || byText(name, after) > 0) && fits(name)).sort(byText);
  const page = slicePage(sorted, limit, (name) => `=${name}`);
  return { items: page.items.map((name) => ({ name, lag: backlog.lagOf(name), messages: names.get(name) ?? 0 })), next: page.next };
}

async function byShelf(engine: Engine, subjects: Subjects, backlog: Backlog, { match, sort }: PartitionsRequest, place: { readonly shelf: number; readonly name: string }, limit: number): Promise<Page<Ranked>> {
  const fits = match === undefined ? () => true : textMatch(match);
  const shown = new Set(sort === "name" ? [] : backlog.known().map(({ name }) => name));
  const items: Ranked[] = [];
  let { name: after } = place;
  for (let { shelf } = place; shelf < SHELVES; shelf++, after = "") {
    if (shelf >= place.shelf + SHELVES_A_CALL) return { items, next: `#${shelf}:` };
    const names = await shelfNames(engine, subjects, shelf);
    const start = after;
    const sorted = [...names.keys()].filter((name) => byText(name, start) > 0 && fits(name) && !shown.has(name)).sort(byText);
    const page = slicePage(sorted, limit - items.length, (name) => `#${shelf}:${name}`);
    items.push(...page.items.map((name) => ({ name, lag: backlog.lagOf(name), messages: names.get(name) ?? 0 })));
    if (page.next !== null) return { items, next: page.next };
    if (items.length >= limit) return { items, next: shelf + 1 < SHELVES ? `#${shelf + 1}:` : null };
  }
  return { items, next: null };
}

function worseFirst(a: { readonly lag: number; readonly name: string }, b: { readonly lag: number; readonly name: string }): number {
  return b.lag - a.lag || byText(a.name, b.name);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function checkSort(sort: string | undefined): void {
  if (sort !== undefined && sort !== "lag" && sort !== "name") throw invalidInput("sort", `sort must be lag or name, but is ${JSON.stringify(sort)}.`);
}

function readPlace({ after, sort }: PartitionsRequest): Place | null {
  if (after === undefined) return null;
  const match = typeof after === "string" ? /^(?:(#\d{1,2})|(\d{1,15}))?([:=])(.*)$/s.exec(after) : null;
  const [, shelf, lag, mark, name = ""] = match ?? [];
  if (mark === ":" && shelf !== undefined && Number(shelf.slice(1)) < SHELVES) return { shelf: Number(shelf.slice(1)), name };
  if (mark === ":" && lag !== undefined && sort !== "name") return { lag: Number(lag), name };
  if (mark === "=" && shelf === undefined && lag === undefined && sort === "name") return { name };
  throw badAfter(after);
}

