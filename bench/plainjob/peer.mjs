// plainjob with better-sqlite3, behind the few calls that the benchmark times.
import Database from "better-sqlite3";
import { better, defineQueue } from "plainjob";

const TYPE = "bench";
const silent = { error() {}, warn() {}, info() {}, debug() {} };

/** @param {string} path */
export function openPeer(path) {
  const db = new Database(path);
  const queue = defineQueue({ connection: better(db), logger: silent });
  return {
    /** @param {unknown} data */
    add(data) {
      queue.add(TYPE, data);
    },
    /** @param {unknown[]} data */
    addMany(data) {
      queue.addMany(TYPE, data);
    },
    /** What plainjob's own worker does for a job: take it, read its data, mark it done. */
    takeAndFinish() {
      const taken = queue.getAndMarkJobAsProcessing(TYPE);
      if (taken === undefined) return false;
      queue.getJobById(taken.id);
      queue.markJobAsDone(taken.id);
      return true;
    },
    checkpoint() {
      db.pragma("wal_checkpoint(PASSIVE)");
    },
    close() {
      queue.close();
    },
  };
}
