/** What could be loaded of several connections. One that fails says so in the Queues view; when all do, the first error is thrown. */
export async function loaded<T>(loading: readonly Promise<readonly T[]>[]): Promise<T[]> {
  const results = await Promise.allSettled(loading);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined && results.every(({ status }) => status === "rejected")) throw failed.reason;
  return results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
}
