import assert from "node:assert/strict";
import { test } from "node:test";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { temporaryFolder } from "./support/folder.ts";
import { KillLoop } from "./support/kill-loop.ts";
import { openAt } from "./support/open.ts";
import { Random, seedFromEnvironment } from "./support/random.ts";

const KILLS = Number(process.env["QUEUESCOPE_KILLS"] ?? 48);

test(`${KILLS} kills of producers and consumers on JetStream lose, double and reorder nothing`, { timeout: 240_000, skip: natsSkip() }, async (t) => {
  const seed = seedFromEnvironment();
  t.diagnostic(`QUEUESCOPE_SEED=${seed}`);
  const server = await startNatsServer();
  t.after(() => server.stop());
  const broker = await openAt(server.url);
  t.after(() => broker.close());
  const loop = await KillLoop.prepare(t, new Random(seed), temporaryFolder(t), broker, () => server.url);

  await loop.killAtRandom(KILLS);
  const history = await loop.check(broker);
  assert.ok(history.refusals() > 0, "some receipts were used too late, so that refusing them was tested");
});
