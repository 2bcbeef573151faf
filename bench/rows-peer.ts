import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { valuePayload } from "../src/core/index.ts";
import { type Bench, type Scenario, scenario, type Side } from "./harness.ts";
import { ackWithNextPop, checkpointed, newBroker, popAndAck, pushing } from "./ours.ts";

/** What plainjob/peer.mjs offers. */
interface Peer {
  add(data: unknown): void;
  addMany(data: readonly unknown[]): void;
  takeAndFinish(): boolean;
  checkpoint(): void;
  close(): void;
}

const FOLDER = join(import.meta.dirname, "plainjob");
/** Both sides turn it into JSON on each push. */
const DATA = { text: "x".repeat(245) };
const HUNDRED = Array.from({ length: 100 }, () => DATA);

/** The peer has a native module, so it is no dependency of the project: installed here, from its lock file, when first needed. */
function installPeer(): void {
  if (existsSync(join(FOLDER, "node_modules", "plainjob"))) return;
  process.stderr.write("Installing plainjob and better-sqlite3 into bench/plainjob ...\n");
  execFileSync(process.platform === "win32" ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund", "--loglevel", "error"], { cwd: FOLDER, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });
}

async function newPeer(bench: Bench): Promise<Peer> {
  installPeer();
  const module = (await import(pathToFileURL(join(FOLDER, "peer.mjs")).href)) as { openPeer(path: string): Peer };
  const peer = module.openPeer(bench.file("plainjob.db"));
  bench.after(() => { peer.close(); });
  return peer;
}

const items = (count: number) => () => Array.from({ length: count }, () => ({ payload: valuePayload(DATA) }));

async function takeAndFinish(bench: Bench): Promise<Side> {
  const peer = await newPeer(bench);
  return {
    prepare(jobs) {
      for (let added = 0; added < jobs; added += HUNDRED.length) peer.addMany(HUNDRED);
      peer.checkpoint();
    },
    run() {
      if (!peer.takeAndFinish()) throw new Error("The peer ran out of jobs.");
      return 1;
    },
  };
}

export const peerScenarios: readonly Scenario[] = [
  scenario({ name: "plainjob-push", what: "push 1 against plainjob's add", unit: "x", floor: { atLeast: 0.9 } }, async (bench) => {
    const peer = await newPeer(bench);
    return bench.ratio(pushing(await newBroker(bench), items(1)), { run: () => (peer.add(DATA), 1) });
  }),
  scenario({ name: "plainjob-push-100", what: "push 100 against plainjob's addMany of 100", unit: "x", floor: { atLeast: 1.3 } }, async (bench) => {
    const peer = await newPeer(bench);
    return bench.ratio(pushing(await newBroker(bench), items(100)), { run: () => (peer.addMany(HUNDRED), HUNDRED.length) });
  }),
  scenario({ name: "plainjob-pop-done", what: "pop and ack 1 in two commits against plainjob's take and done", unit: "x", floor: { atLeast: 1.3 } }, async (bench) => {
    const broker = await newBroker(bench);
    return bench.ratio(checkpointed(bench, broker, popAndAck(broker, "none")), await takeAndFinish(bench));
  }),
  scenario({ name: "plainjob-worker-loop", what: "the worker's loop, one message at a time, against plainjob's", unit: "x", floor: { atLeast: 1.3 } }, async (bench) => {
    const broker = await newBroker(bench);
    return bench.ratio(checkpointed(bench, broker, ackWithNextPop(broker, "none")), await takeAndFinish(bench));
  }),
  scenario({ name: "plainjob-pop-done-100", what: "pop and ack 100 at a time against plainjob's take and done (it has no batch)", unit: "x", floor: { atLeast: 30 } }, async (bench) => {
    const broker = await newBroker(bench);
    return bench.ratio(checkpointed(bench, broker, popAndAck(broker, "none", { batch: 100 })), await takeAndFinish(bench));
  }),
];
