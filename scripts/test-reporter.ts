/** A reporter of Node's test runner: one JSON document at the end, for scripts/test-files.ts. */
import type { TestEvent } from "node:test/reporters";

export interface FileReport {
  passed: number;
  failed: number;
  /** Names with their reasons. */
  skipped: string[];
  /** What tests said with `t.diagnostic`. */
  notes: string[];
}

/** The runner's own closing diagnostics, which aren't a test's. */
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts: FileReport = { passed: 0, failed: 0, skipped: [], notes: [] };
  for await (const event of events) {
    if (event.type === "test:diagnostic" && !SUMMARY.test(event.data.message)) counts.notes.push(event.data.message);
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, skip, todo } = event.data;
    const reason = skip ?? todo;
    // A suite's tests are told one by one, unless it is skipped as a whole.
    if (event.data.details.type === "suite" && (reason === undefined || reason === false)) continue;
    if (reason !== undefined && reason !== false) counts.skipped.push(reason === true ? name : `${name} (${reason})`);
    else if (event.type === "test:pass") counts.passed += 1;
    else counts.failed += 1;
  }
  yield JSON.stringify(counts);
}
