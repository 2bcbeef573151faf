import { type Duration, durationMs, formatDuration } from "./duration.ts";
import { invalidInput } from "./errors.ts";

export type TraceLevel = "off" | "failures" | "all";
export type Overflow = "reject" | "drop-oldest";

/** Delays in milliseconds. `delays` is used by kind `list` only. */
export interface BackoffOption {
  readonly kind: "fixed" | "linear" | "exponential" | "list";
  readonly delays: readonly number[];
  readonly max: number;
  readonly jitter: number;
}

/** Queue options as brokers use them: complete, every duration in milliseconds. */
export interface QueueOptions {
  readonly leaseTime: number;
  readonly retryLimit: number;
  readonly retryDelay: number;
  readonly backoff: BackoffOption;
  readonly deadLetter: boolean;
  readonly chargeExpiry: boolean;
  readonly priority: number;
  readonly delayedProcessing: number;
  readonly windowBuffer: number;
  readonly maxSize: number;
  readonly overflow: Overflow;
  readonly ttl: number;
  readonly retentionSeconds: number;
  readonly completedRetentionSeconds: number;
  readonly maxWaitTimeSeconds: number;
  readonly dedupWindowSeconds: number;
  readonly ordered: boolean;
  readonly encryptionEnabled: boolean;
  readonly trace: TraceLevel;
  readonly namespace: string | null;
  readonly task: string | null;
}

/** What a caller may write: a part of the options, durations as numbers in the stated unit or as `5m`. `null` resets to the default. */
export type QueueOptionsInput = {
  readonly [K in keyof QueueOptions]?: OptionInput<QueueOptions[K], K> | null | undefined;
};
type OptionInput<T, K> = K extends "backoff" ? BackoffInput : T extends number ? Duration : T;
export type BackoffInput =
  | BackoffOption["kind"]
  | { kind?: BackoffOption["kind"]; delays?: readonly Duration[]; max?: Duration; jitter?: number };

export interface OptionSpec {
  readonly name: keyof QueueOptions;
  /** How a bare number is read; `null` when the option is no duration. */
  readonly unit: "s" | "ms" | null;
  readonly description: string;
  readonly values?: readonly string[];
  read(value: unknown): QueueOptions[keyof QueueOptions];
  /** As the CLI and the editor show it and accept it back. */
  show(value: QueueOptions[keyof QueueOptions]): string;
}

export const DEFAULT_BACKOFF: BackoffOption = { kind: "exponential", delays: [], max: 60_000, jitter: 0.1 };

export const DEFAULT_OPTIONS: QueueOptions = {
  leaseTime: 300_000,
  retryLimit: 3,
  retryDelay: 1_000,
  backoff: DEFAULT_BACKOFF,
  deadLetter: true,
  chargeExpiry: true,
  priority: 0,
  delayedProcessing: 0,
  windowBuffer: 0,
  maxSize: 0,
  overflow: "reject",
  ttl: 0,
  retentionSeconds: 0,
  completedRetentionSeconds: 604_800_000,
  maxWaitTimeSeconds: 0,
  dedupWindowSeconds: 3_600_000,
  ordered: false,
  encryptionEnabled: false,
  trace: "failures",
  namespace: null,
  task: null,
};

const SPECS: { readonly [K in keyof QueueOptions]: Omit<OptionSpec, "name"> } = {
  leaseTime: duration("leaseTime", "s", "How long a popped message is leased.", 1),
  retryLimit: whole("retryLimit", "Retries after the first attempt; one failure more makes a dead letter.", 0, 1_000_000),
  retryDelay: duration("retryDelay", "ms", "Base delay before a retry."),
  backoff: {
    unit: null,
    description: "How the delay grows: fixed, linear, exponential, a list of delays, or an object { kind, delays, max, jitter }.",
    read: readBackoff,
    show: (value) => showBackoff(value as BackoffOption),
  },
  deadLetter: flag("deadLetter", "Keep exhausted messages as dead letters; false drops them."),
  chargeExpiry: flag("chargeExpiry", "A lease that runs out counts as a failed attempt."),
  priority: whole("priority", "Default priority of messages without a partition, 0 to 9 (9 first).", 0, 9),
  delayedProcessing: duration("delayedProcessing", "s", "Messages stay invisible until they have this age."),
  windowBuffer: duration("windowBuffer", "s", "A partition delivers nothing until it has been quiet this long."),
  maxSize: whole("maxSize", "Most messages that some group hasn't completed; 0 = unlimited.", 0, Number.MAX_SAFE_INTEGER),
  overflow: choice("overflow", ["reject", "drop-oldest"], "What a push to a full queue does."),
  ttl: duration("ttl", "s", "Messages expire this long after they entered; 0 = never."),
  retentionSeconds: duration("retentionSeconds", "s", "Delete messages of this age, completed or not; 0 = keep."),
  completedRetentionSeconds: duration("completedRetentionSeconds", "s", "Delete messages of this age once every group has completed them; 0 = keep."),
  maxWaitTimeSeconds: duration("maxWaitTimeSeconds", "s", "Delete messages that waited this long, leased or not; 0 = keep."),
  dedupWindowSeconds: duration("dedupWindowSeconds", "s", "How long a transaction id is remembered per partition; 0 = off."),
  ordered: flag("ordered", "Messages without a partition go to the partition Default, in strict order."),
  encryptionEnabled: flag("encryptionEnabled", "Encrypt data, headers and errors at rest. Changed only while the queue is empty."),
  trace: choice("trace", ["off", "failures", "all"], "Which deliveries are recorded on a message's timeline."),
  namespace: label("namespace", "Free label to filter queues by."),
  task: label("task", "Free label to filter queues by, below namespace."),
};

/** Every option with its unit, description and reader, in the order of the documentation. */
export const OPTION_SPECS: readonly OptionSpec[] = (Object.keys(SPECS) as (keyof QueueOptions)[]).map((name) => ({ name, ...SPECS[name] }));

/**
 * The options that result when `input` is merged over `base`: absent keeps, `null` resets to the default.
 * @throws invalid-input naming the option
 */
export function mergeOptions(base: QueueOptions, input: QueueOptionsInput): QueueOptions {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(input)) {
    const spec = optionSpec(name);
    if (value === undefined) continue;
    merged[name] = value === null ? DEFAULT_OPTIONS[spec.name] : spec.read(value);
  }
  return merged as unknown as QueueOptions;
}

/** @throws invalid-input for a name that is no option, listing those that are */
export function optionSpec(name: string): OptionSpec {
  const spec = OPTION_SPECS.find((candidate) => candidate.name === name);
  if (spec === undefined) {
    throw invalidInput(name, `There is no queue option ${JSON.stringify(name)}. Options: ${OPTION_SPECS.map((s) => s.name).join(", ")}.`);
  }
  return spec;
}

/** Options from `option=value` texts, as the CLI's `--set` takes them. JSON objects and lists are accepted for backoff. */
export function optionsFromText(settings: readonly string[]): QueueOptionsInput {
  const input: Record<string, unknown> = {};
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at < 1) throw invalidInput("set", `--set needs option=value, but got ${JSON.stringify(setting)}.`);
    const name = optionSpec(setting.slice(0, at)).name;
    const text = setting.slice(at + 1);
    input[name] = text === "default" ? null : /^[[{]/.test(text) ? parseJson(name, text) : text;
  }
  return input;
}

function parseJson(field: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidInput(field, `${field} looks like JSON but doesn't parse: ${text}`);
  }
}

function duration(field: string, unit: "s" | "ms", description: string, atLeast = 0): Omit<OptionSpec, "name"> {
  return {
    unit,
    description,
    read(value) {
      if (typeof value !== "number" && typeof value !== "string") throw invalidInput(field, `${field} must be a duration such as 30s or 5m, but is ${JSON.stringify(value)}.`);
      const ms = durationMs(value, field, unit);
      if (ms < atLeast) throw invalidInput(field, `${field} must be at least ${atLeast} ms.`);
      return ms;
    },
    show: (value) => formatDuration(value as number),
  };
}

function whole(field: string, description: string, least: number, most: number): Omit<OptionSpec, "name"> {
  return {
    unit: null,
    description,
    read(value) {
      const n = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      if (typeof n !== "number" || !Number.isSafeInteger(n) || n < least || n > most) {
        throw invalidInput(field, `${field} must be a whole number from ${least} to ${most}, but is ${JSON.stringify(value)}.`);
      }
      return n;
    },
    show: String,
  };
}

function flag(field: string, description: string): Omit<OptionSpec, "name"> {
  return {
    unit: null,
    description,
    values: ["true", "false"],
    read(value) {
      if (value === true || value === "true") return true;
      if (value === false || value === "false") return false;
      throw invalidInput(field, `${field} must be true or false, but is ${JSON.stringify(value)}.`);
    },
    show: String,
  };
}

function choice(field: string, values: readonly string[], description: string): Omit<OptionSpec, "name"> {
  return {
    unit: null,
    description,
    values,
    read(value) {
      if (typeof value === "string" && values.includes(value)) return value;
      throw invalidInput(field, `${field} must be one of ${values.join(", ")}, but is ${JSON.stringify(value)}.`);
    },
    show: String,
  };
}

function label(field: string, description: string): Omit<OptionSpec, "name"> {
  return {
    unit: null,
    description,
    read(value) {
      if (typeof value === "string" && value.length > 0 && value.length <= 255) return value;
      throw invalidInput(field, `${field} must be text of 1 to 255 characters, but is ${JSON.stringify(value)}.`);
    },
    show: (value) => (typeof value === "string" ? value : ""),
  };
}

const BACKOFF_KINDS: readonly string[] = ["fixed", "linear", "exponential", "list"];

function readBackoff(value: unknown): BackoffOption {
  if (typeof value === "string") return readBackoffText(value);
  if (Array.isArray(value)) return readBackoffObject({ kind: "list", delays: value });
  if (typeof value === "object" && value !== null) return readBackoffObject(value as Record<string, unknown>);
  throw invalidInput("backoff", `backoff must be fixed, linear, exponential, a list of delays or an object, but is ${JSON.stringify(value)}.`);
}

/** `exponential`, or a list of delays: `1s,5s,1m`. */
function readBackoffText(text: string): BackoffOption {
  if (text.includes(",") || /^\d/.test(text)) return readBackoffObject({ kind: "list", delays: text.split(",") });
  return readBackoffObject({ kind: text });
}

function readBackoffObject(value: Record<string, unknown>): BackoffOption {
  const unknownKey = Object.keys(value).find((key) => !(key in DEFAULT_BACKOFF));
  if (unknownKey !== undefined) throw invalidInput("backoff", `backoff has no setting ${JSON.stringify(unknownKey)}. It has kind, delays, max and jitter.`);
  const delays = readDelays(value["delays"]);
  const kind = value["kind"] ?? (delays.length > 0 ? "list" : DEFAULT_BACKOFF.kind);
  if (typeof kind !== "string" || !BACKOFF_KINDS.includes(kind)) throw invalidInput("backoff.kind", `backoff must be one of ${BACKOFF_KINDS.join(", ")}, but is ${JSON.stringify(kind)}.`);
  if ((kind === "list") !== delays.length > 0) throw invalidInput("backoff.delays", "backoff.delays belongs to kind list, which needs at least one delay.");
  const jitter = value["jitter"] ?? DEFAULT_BACKOFF.jitter;
  if (typeof jitter !== "number" || !(jitter >= 0 && jitter <= 1)) throw invalidInput("backoff.jitter", `backoff.jitter must be between 0 and 1, but is ${JSON.stringify(jitter)}.`);
  const max = durationMs((value["max"] ?? DEFAULT_BACKOFF.max) as Duration, "backoff.max", "ms");
  return { kind: kind as BackoffOption["kind"], delays, max: Math.max(max, 0), jitter };
}

function readDelays(value: unknown): number[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > 1_000) throw invalidInput("backoff.delays", "backoff.delays must be a list of at most 1000 delays.");
  return value.map((delay, i) => durationMs(delay as Duration, `backoff.delays[${i}]`, "ms"));
}

function showBackoff(backoff: BackoffOption): string {
  const shape = backoff.kind === "list" ? backoff.delays.map(formatDuration).join(",") : backoff.kind;
  return `${shape} (max ${formatDuration(backoff.max)}, jitter ${backoff.jitter})`;
}
