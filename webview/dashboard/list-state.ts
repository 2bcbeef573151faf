import * as z from "zod/mini";

const shape = z.object({ filter: z.catch(z.string(), ""), sort: z.catch(z.enum(["name", "lag", "dead"]), "name") });
export type ListState = z.infer<typeof shape>;

/** What the list remembers. */
export function listState(stored: unknown): ListState {
  const parsed = shape.safeParse(stored);
  return parsed.success ? parsed.data : { filter: "", sort: "name" };
}
