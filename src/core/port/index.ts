/** The facets of the port, a file each; `../broker.ts` puts them together. */
export type * from "./inspect.ts";
export type * from "./messages.ts";
export type * from "./page.ts";
export type * from "./queues.ts";
export type * from "./repair.ts";
export type * from "./streams.ts";
export type * from "./subjects.ts";
export type * from "./workers.ts";
