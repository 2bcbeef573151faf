import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { QueuescopeError } from "../../core/index.ts";

/** Below what systems give to outgoing connections (Linux from 32768 on): those would take a remembered port now and then. */
const FROM = 20_000;
const BELOW = 30_000;

/** A port of loopback that nobody listens on now, and that nobody gets by chance later. */
export async function freePort(): Promise<number> {
  for (let tries = 100; ; tries -= 1) {
    const port = randomInt(FROM, BELOW);
    const cause = await obstacle(port);
    if (cause === null) return port;
    if (tries === 0) throw new QueuescopeError("unavailable", `No free port was found on 127.0.0.1 between ${FROM} and ${BELOW}: ${cause.message}.`, { cause });
  }
}

/** What keeps a port of loopback from being listened on; `null`: nothing. */
export async function obstacle(port: number): Promise<NodeJS.ErrnoException | null> {
  const probe = createServer();
  try {
    await once(probe.listen(port, "127.0.0.1"), "listening");
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  await once(probe.close(), "close");
  return null;
}
