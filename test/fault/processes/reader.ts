/** `reader.ts DB`: looks at the messages in one long read transaction, and ends it when told to. */
import { DatabaseSync } from "node:sqlite";

const [, , path = ""] = process.argv;
const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
db.exec("BEGIN");
const count = (): unknown => db.prepare("SELECT count(*) AS n FROM msg").get()?.["n"];
process.on("message", (word) => {
  if (word === "end") db.exec("COMMIT");
  process.send?.(count());
});
process.send?.(count());
