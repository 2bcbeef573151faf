/** `lock-holder.ts DB`: begins to write and doesn't finish. */
import { DatabaseSync } from "node:sqlite";

const [, , path = ""] = process.argv;
const db = new DatabaseSync(path, { timeout: 5_000 });
db.exec("BEGIN IMMEDIATE");
db.exec("DELETE FROM queue");
process.send?.("locked");
setInterval(() => db.isTransaction, 1_000);
