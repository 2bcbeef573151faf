/** `npm run bench -- [--quick] [--only NAME]`: measures, prints a table, writes bench/results/. Exits 1 when a floor isn't reached. */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { Bench, FULL, passes, QUICK, type Result, type Row, type Scenario, type Settings } from "./harness.ts";
import { jetstreamScenarios } from "./jetstream-rows.ts";
import { inspectorScenarios } from "./rows-inspector.ts";
import { peerScenarios } from "./rows-peer.ts";
import { processScenarios } from "./rows-processes.ts";
import { pushScenarios } from "./rows-push.ts";
import { scaleScenarios } from "./rows-scale.ts";

const SCENARIOS: readonly Scenario[] = [...pushScenarios, ...peerScenarios, ...scaleScenarios, ...processScenarios, ...jetstreamScenarios, ...inspectorScenarios];

function chosen(only: readonly string[]): Scenario[] {
  const found = SCENARIOS.filter(({ rows }) => only.length === 0 || rows.some(({ name }) => only.some((part) => name.includes(part))));
  if (found.length > 0) return found;
  const names = SCENARIOS.flatMap(({ rows }) => rows.map(({ name }) => name));
  throw new Error(`No row's name contains ${only.join(" or ")}. There are ${names.join(", ")}.`);
}

async function run(scenario: Scenario, settings: Settings): Promise<Result[]> {
  const bench = new Bench(settings);
  try {
    const measurements = await scenario.measure(bench);
    return scenario.rows.map((row, i) => {
      const measurement = measurements[i];
      if (measurement === undefined) throw new Error(`${row.name} was not measured.`);
      const what = typeof row.what === "function" ? row.what(settings) : row.what;
      return { ...row, ...measurement, what, passed: passes(measurement.value, row.floor) };
    });
  } finally {
    await bench.cleanUp();
  }
}

const HEAD = ["", "row", "value", "floor", "ours/s", "base/s", "spread", "what"] as const;
const WIDTHS = [2, 24, 10, 18, 9, 9, 34, 0] as const;

function line(cells: readonly string[]): string {
  return cells.map((cell, i) => (i >= 2 && i <= 5 ? cell.padStart(WIDTHS[i] ?? 0) : cell.padEnd(WIDTHS[i] ?? 0))).join("  ").trimEnd();
}

function shown(result: Result): string {
  const mark = result.passed === null ? "" : result.passed ? "ok" : "NO";
  return line([mark, result.name, amount(result.value, result.unit), floorText(result), perSecond(result.ours), perSecond(result.base), result.note ?? "", result.what]);
}

function amount(value: number, unit: Row["unit"]): string {
  if (unit === "/min") return `${value.toFixed(0)}/min`;
  return unit === "x" ? `${value.toFixed(2)}x` : `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`;
}

function floorText({ floor, unit, wanted }: Result): string {
  if (floor === null) return "";
  const [sign, limit] = "atLeast" in floor ? [">=", floor.atLeast] : ["<=", floor.atMost];
  return `${sign} ${limit}${unit === "x" || unit === "/min" ? unit : ` ${unit}`}${wanted === undefined ? "" : ` (not ${wanted})`}`;
}

function perSecond(rate: number | undefined): string {
  return rate === undefined ? "" : Math.round(rate).toLocaleString("en");
}

function machine(): Record<string, string | number> {
  const db = new DatabaseSync(":memory:");
  const sqlite = String(db.prepare("SELECT sqlite_version() AS version").get()?.["version"]);
  db.close();
  return { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism(), platform: `${process.platform} ${process.arch}`, node: process.version, sqlite };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: "boolean", default: false }, only: { type: "string", multiple: true, default: [] } } });
  const settings = values.quick ? QUICK : FULL;
  const facts = machine();
  console.log(Object.entries(facts).map(([name, value]) => `${name} ${value}`).join(", "));
  console.log(line(HEAD));
  const results: Result[] = [];
  for (const scenario of chosen(values.only)) {
    for (const result of await run(scenario, settings)) {
      results.push(result);
      console.log(shown(result));
    }
  }
  const folder = join(import.meta.dirname, "results");
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const file = join(folder, `${at.replaceAll(":", "-")}.json`);
  writeFileSync(file, `${JSON.stringify({ at, settings, machine: facts, results }, null, 2)}\n`);
  const missed = results.filter(({ passed }) => passed === false);
  console.log(`\n${results.length - missed.length} of ${results.length} rows as they should be. Written to ${file}`);
  if (missed.length > 0) process.exitCode = 1;
}

await main();
