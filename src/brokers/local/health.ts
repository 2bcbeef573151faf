import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Health } from "../../core/index.ts";
import type { Crypt } from "../../core/index.ts";
import type { Store } from "./store.ts";

/** Less free space than this is a problem to tell before it becomes an error. */
const LITTLE_SPACE = 100 * 1024 * 1024;

/** Doesn't read the whole file: damage shows as `corrupt` when it is met. */
export async function health(store: Store, crypt: Crypt): Promise<Health> {
  const encrypted = await store.read((tx) => tx.all<{ name: string }>("SELECT name FROM queue WHERE json_extract(options, '$.encryptionEnabled') ORDER BY name LIMIT 10"));
  const problems: string[] = [];
  const names = encrypted.map(({ name }) => name).join(", ");
  if (encrypted.length > 0 && !crypt.available) problems.push(`No encryption key is set, so the data of encrypted queues can't be read or pushed: ${names}. Set QUEUESCOPE_ENCRYPTION_KEY.`);
  const { bavail, bsize } = await statfs(dirname(store.path));
  const free = bavail * bsize;
  if (free < LITTLE_SPACE) problems.push(`The disk that holds ${store.path} has only ${Math.round(free / 1024 / 1024)} MiB left. Free some space before pushes fail.`);
  return { ok: problems.length === 0, broker: "local", version: `SQLite ${store.sqlite}`, problems };
}
