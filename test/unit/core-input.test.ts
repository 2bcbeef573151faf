import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DEFAULT_OPTIONS, durationMs, formatDuration, groupName, instant, mergeOptions, OPTION_SPECS, optionsFromText, partitionName, queueName, type QueueOptionsInput } from "../../src/core/index.ts";

describe("durations", () => {
  it("read a bare number in the stated unit and text in its own", () => {
    assert.equal(durationMs(5, "lease", "s"), 5000);
    assert.equal(durationMs("5", "lease", "s"), 5000);
    assert.deepEqual(["500ms", "30s", "5m", "2h", "1d", "1.5s"].map((text) => durationMs(text, "lease", "s")), [500, 30_000, 300_000, 7_200_000, 86_400_000, 1500]);
  });

  it("are refused with the field named when they are negative, infinite or unreadable", () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, "-5s", "5 weeks", "", "s", 1e18]) {
      assert.throws(() => durationMs(value, "lease", "s"), { code: "invalid-input", field: "lease" }, String(value));
    }
  });

  it("are shown in a form that reads back to the same length", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (ms) => { assert.equal(durationMs(formatDuration(ms), "x", "ms"), ms); }));
  });
});

describe("times", () => {
  it("without a zone are UTC", () => {
    assert.equal(instant("2026-01-31T12:00", "start"), Date.UTC(2026, 0, 31, 12));
    assert.equal(instant("2026-01-31", "start"), Date.UTC(2026, 0, 31));
    assert.equal(instant("2026-01-31 12:00:00.5", "start"), Date.UTC(2026, 0, 31, 12, 0, 0, 500));
  });

  it("with a zone keep it", () => {
    assert.equal(instant("2026-01-31T12:00:00+02:00", "start"), Date.UTC(2026, 0, 31, 10));
    assert.equal(instant("2026-01-31T12:00:00z", "start"), Date.UTC(2026, 0, 31, 12));
  });

  it("that aren't ISO 8601 are refused", () => {
    for (const value of ["tomorrow", "31.1.2026", "2026-13-01", "", Number.NaN, new Date("x")]) {
      assert.throws(() => instant(value, "start"), { code: "invalid-input", field: "start" }, String(value));
    }
  });
});

describe("names", () => {
  it("may be any visible text", () => {
    for (const name of ["orders", "a.b-c_d/e", "наказы", "two words", "💥"]) assert.equal(queueName(name), name);
    assert.equal(partitionName(" with blanks "), " with blanks ");
  });

  it("refuse nothing, control characters, half a surrogate pair, too many bytes, and what isn't text", () => {
    for (const name of ["", "a\u0000b", "a\nb", "\u007f", "\ud800", "é".repeat(128), 7, null, undefined, {}]) {
      assert.throws(() => queueName(name), { code: "invalid-input", field: "queue" }, JSON.stringify(name));
      if (name !== "é".repeat(128)) assert.throws(() => groupName(name), { code: "invalid-input", field: "group" });
    }
    assert.throws(() => queueName(" orders"), /blank/);
    assert.throws(() => partitionName("x".repeat(1025)), { code: "invalid-input", field: "partition" });
  });
});

describe("queue options", () => {
  it("default to the contract's values", () => {
    assert.deepEqual(mergeOptions(DEFAULT_OPTIONS, {}), DEFAULT_OPTIONS);
    assert.equal(DEFAULT_OPTIONS.leaseTime, 300_000);
    assert.equal(DEFAULT_OPTIONS.completedRetentionSeconds, 604_800_000);
  });

  it("merge: absent keeps, null resets", () => {
    const changed = mergeOptions(DEFAULT_OPTIONS, { leaseTime: 30, retryLimit: 7, ttl: "5m" });
    assert.deepEqual([changed.leaseTime, changed.retryLimit, changed.ttl], [30_000, 7, 300_000]);
    const reset = mergeOptions(changed, { leaseTime: null });
    assert.deepEqual([reset.leaseTime, reset.retryLimit], [300_000, 7]);
  });

  it("are read from option=value texts as from values", () => {
    const input = optionsFromText(["leaseTime=30s", "retryLimit=0", "deadLetter=false", "backoff=[100,200]", "overflow=drop-oldest", "namespace=eu", "ttl=default"]);
    const options = mergeOptions(DEFAULT_OPTIONS, input);
    assert.deepEqual([options.leaseTime, options.retryLimit, options.deadLetter, options.backoff.delays, options.overflow, options.namespace, options.ttl], [30_000, 0, false, [100, 200], "drop-oldest", "eu", 0]);
    for (const bad of ["leaseTime", "=5", "speed=1", "backoff=[1"]) assert.throws(() => optionsFromText([bad]), { code: "invalid-input" }, bad);
  });

  it("refuse every value of a wrong kind, naming the option", () => {
    for (const { name } of OPTION_SPECS) {
      for (const bad of [Symbol("x"), -1, "\u0000", () => 1]) {
        if ((name === "namespace" || name === "task") && typeof bad === "string") continue;
        assert.throws(() => mergeOptions(DEFAULT_OPTIONS, { [name]: bad }), (error: { code?: string; field?: string }) => error.code === "invalid-input" && error.field?.startsWith(name) === true, `${name} = ${String(bad)}`);
      }
    }
    assert.throws(() => mergeOptions(DEFAULT_OPTIONS, { priority: 10 }), { field: "priority" });
    assert.throws(() => mergeOptions(DEFAULT_OPTIONS, { leaseTime: 0 }), { field: "leaseTime" });
    assert.throws(() => mergeOptions(DEFAULT_OPTIONS, { leasetime: 1 } as QueueOptionsInput), /leaseTime/);
  });

  it("show what they accept back", () => {
    for (const spec of OPTION_SPECS.filter((s) => s.name !== "backoff" && s.name !== "namespace" && s.name !== "task")) {
      const shown = spec.show(DEFAULT_OPTIONS[spec.name]);
      assert.deepEqual(spec.read(shown), DEFAULT_OPTIONS[spec.name], spec.name);
    }
  });
});
