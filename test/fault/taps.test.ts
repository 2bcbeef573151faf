import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { type NatsHandle, openConnection } from "../../src/brokers/jetstream/connection/index.ts";
import { openSubjects, type OpenSubjects } from "../../src/brokers/jetstream/taps/index.ts";
import { openLocal } from "../../src/brokers/local/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { Child } from "./support/child.ts";
import { temporaryFolder } from "./support/folder.ts";
import { Random, seedFromEnvironment } from "./support/random.ts";

const KILLS = 8;
const SENDERS = 4;

test(`${KILLS} kills of processes that tap into a queue, and one of the server: what was confirmed is in the queue, once`, { timeout: 120_000, skip: natsSkip() }, async (t) => {
  const seed = seedFromEnvironment();
  t.diagnostic(`QUEUESCOPE_SEED=${seed}`);
  const random = new Random(seed);
  const folder = temporaryFolder(t);
  const path = join(folder, "queues.db");
  const server = await startNatsServer({ jetstream: false });
  t.after(() => server.stop());
  const handle = await openConnection({ url: server.url, reconnect: { wait: 20, maxWait: 100 } });
  t.after(() => handle.nc.close());

  const start = async (): Promise<Child> => {
    const child = new Child(t, "tap.ts", [server.url, path]);
    assert.equal(await child.says(), "listening");
    return child;
  };
  const taps = [await start(), await start()];
  const stop = new AbortController();
  const senders = Array.from({ length: SENDERS }, (_, i) => send(openSubjects(handle), i, stop.signal));
  for (let kill = 1; kill <= KILLS; kill++) {
    await sleep(random.whole(20, 200));
    const victim = random.whole(0, taps.length - 1);
    taps[victim]?.signal("SIGKILL");
    if (kill === KILLS / 2) await server.restart("SIGKILL");
    await taps[victim]?.exited;
    taps[victim] = await start();
  }
  await reconnected(handle);
  stop.abort();
  const confirmed = (await Promise.all(senders)).flat();
  t.diagnostic(`${confirmed.length} confirmed`);
  assert.ok(confirmed.length > KILLS, "something was sent");

  const broker = await openLocal(path, { readOnly: true });
  t.after(() => broker.close());
  const stored: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await broker.inspect.browse("heard", { limit: 1000, ...(after === undefined ? {} : { after }) });
    stored.push(...page.items.map(({ transactionId }) => transactionId));
    if (page.next === null) break;
    after = page.next;
  }
  const ids = new Set(stored);
  assert.equal(ids.size, stored.length, "nothing is stored twice");
  assert.deepEqual(confirmed.filter((id) => !ids.has(id)), []);
});

/** Requests one after the other, each until it is confirmed. */
async function send(subjects: OpenSubjects, sender: number, signal: AbortSignal): Promise<string[]> {
  const confirmed: string[] = [];
  while (!signal.aborted) {
    const id = `${sender}-${confirmed.length}`;
    while (!(await confirms(subjects, id))) await sleep(10);
    confirmed.push(id);
  }
  return confirmed;
}

async function confirms(subjects: OpenSubjects, id: string): Promise<boolean> {
  try {
    const answer = await subjects.request({ subject: `fault.${id}`, data: Buffer.from(id), headers: { "Nats-Msg-Id": id } }, { timeout: 500 });
    const { status } = JSON.parse(Buffer.from(answer.data).toString()) as { status?: string };
    return status === "queued" || status === "duplicate";
  } catch (error) {
    assert.equal((error as { code?: string }).code, "unavailable", String(error));
    return false;
  }
}

async function reconnected(handle: NatsHandle): Promise<void> {
  for (const deadline = Date.now() + 20_000; handle.status.state === "lost";) {
    assert.ok(Date.now() < deadline, "the connection came back");
    await sleep(20);
  }
}
