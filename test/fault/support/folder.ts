import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A new folder that goes when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "queuescope-fault-"));
  t.after(() => { rmSync(folder, { recursive: true, force: true, maxRetries: 5 }); });
  return folder;
}
