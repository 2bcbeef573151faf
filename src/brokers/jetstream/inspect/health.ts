import { isQueuescopeError } from "../../../core/index.ts";
import type { Health } from "../../../core/index.ts";
import type { StreamInfo } from "../api.ts";
import type { AccountInfo } from "../connection/handle.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { META_STREAM, Subjects } from "../subjects.ts";

/** The share of a limit from which it is told, before it becomes an error. */
const NEARLY = 0.9;
/** Streams of a queue: messages, and state. */
const STREAMS_A_QUEUE = 2;
/** Problems of one kind that are told one by one. */
const MOST = 20;
const CHAIN = 64;
const NANO = 1_000_000;

interface Listed {
  readonly streams: readonly (StreamInfo & { readonly cluster?: { readonly leader?: string } })[] | null;
  readonly missing?: readonly string[] | null;
  readonly total: number;
}

interface Limits {
  readonly max_memory?: number;
  readonly max_storage?: number;
  readonly max_streams?: number;
  readonly max_consumers?: number;
}

interface Account extends AccountInfo {
  readonly tiers?: Readonly<Record<string, { readonly storage: number; readonly streams: number; readonly limits: Limits }>>;
}

/** Asks for nothing that isn't needed: the account, and the streams as they are listed. */
export async function health(engine: Engine): Promise<Health> {
  const version = `nats-server ${engine.api.link.nc.info?.version ?? "unknown"}`;
  const problems = await problemsOf(engine);
  return { ok: problems.length === 0, broker: "jetstream", version, problems };
}

async function problemsOf(engine: Engine): Promise<string[]> {
  try {
    const account = await engine.api.request<Account>("INFO");
    const [queues, { streams, missing }] = await Promise.all([engine.catalog.all(), listed(engine)]);
    const changed = queues.flatMap((queue) => ofQueue(queue, streams, missing));
    return [...nearlyFull(account), ...ofMeta(queues, streams, missing), ...few(changed), ...withoutKey(engine, queues)];
  } catch (error) {
    // Out of reach, off, or not permitted: that is the answer.
    if (isQueuescopeError(error)) return [error.message];
    throw error;
  }
}

async function listed({ api }: Engine): Promise<{ streams: ReadonlyMap<string, StreamInfo>; missing: ReadonlySet<string> }> {
  const streams = new Map<string, StreamInfo>();
  const missing = new Set<string>();
  for (let offset = 0; ; ) {
    const page = await api.request<Listed>("STREAM.LIST", { offset });
    for (const name of page.missing ?? []) missing.add(name);
    for (const info of page.streams ?? []) {
      streams.set(info.config.name, info);
      if (info.cluster !== undefined && (info.cluster.leader ?? "") === "") missing.add(info.config.name);
    }
    const count = page.streams?.length ?? 0;
    offset += count;
    if (count === 0 || offset >= page.total) return { streams, missing };
  }
}

function nearlyFull({ limits, storage, streams, consumers, tiers }: Account): string[] {
  // With tiers the account itself has no limits.
  if (tiers !== undefined) return Object.entries(tiers).flatMap(([name, tier]) => limitProblems(tier.limits, tier, ` for streams of tier ${name}`));
  return limitProblems(limits, { storage, streams, consumers }, "");
}

function limitProblems({ max_storage = -1, max_streams = -1, max_consumers = -1 }: Limits, used: { storage: number; streams: number; consumers?: number }, where: string): string[] {
  const problems: string[] = [];
  if (max_storage > 0 && used.storage >= max_storage * NEARLY) problems.push(`The account has used ${mib(used.storage)} of ${mib(max_storage)} MiB of storage${where}. Free some, or raise the limit, before pushes fail.`);
  if (max_streams > 0 && used.streams + STREAMS_A_QUEUE > max_streams) problems.push(`The account has ${used.streams} of at most ${max_streams} streams${where}, and a new queue needs ${STREAMS_A_QUEUE}. Delete some, or raise the limit.`);
  if (max_consumers > 0 && (used.consumers ?? 0) >= max_consumers * NEARLY) problems.push(`The account has ${used.consumers} of at most ${max_consumers} consumers${where}. Queuescope needs some for a moment whenever it reads: delete others, or raise the limit.`);
  return problems;
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

function ofMeta(queues: readonly Definition[], streams: ReadonlyMap<string, StreamInfo>, missing: ReadonlySet<string>): string[] {
  if (missing.has(META_STREAM)) return [leaderless(META_STREAM, "all queues")];
  const info = streams.get(META_STREAM);
  return info === undefined || queues.length === 0 ? [] : changes(info, ["qs-m.>"], 1, 0).map((change) => told(META_STREAM, "the definitions of all queues", change));
}

function ofQueue(queue: Definition, streams: ReadonlyMap<string, StreamInfo>, missing: ReadonlySet<string>): string[] {
  const { log, state, all, allState } = new Subjects(queue.name);
  const kept = [{ name: log, subjects: all, perSubject: Infinity, window: queue.options.dedupWindowSeconds }, { name: state, subjects: allState, perSubject: CHAIN, window: 0 }];
  return kept.flatMap(({ name, subjects, perSubject, window }) => {
    if (missing.has(name)) return [leaderless(name, `the queue ${queue.name}`)];
    const info = streams.get(name);
    if (info === undefined) return [`The stream ${name} of the queue ${queue.name} is gone: somebody deleted it. Restore it from a backup, or delete the queue and create it anew.`];
    return changes(info, subjects, perSubject, window).map((change) => told(name, `the queue ${queue.name}`, change));
  });
}

function leaderless(stream: string, what: string): string {
  return `The stream ${stream} has no leader at the moment, so ${what} can't be used: too few of the cluster's servers that hold it are up. Start them again.`;
}

function told(stream: string, what: string, change: string): string {
  return `The stream ${stream} of ${what} was changed by hand: ${change}.`;
}

/** Settings without which messages or state get lost, or pushes fail. */
function changes({ config }: StreamInfo, subjects: readonly string[], perSubject: number, window: number): string[] {
  const own = Array.isArray(config["subjects"]) ? (config["subjects"] as unknown[]) : [];
  const most = limitOf(config, "max_msgs_per_subject");
  const found: (string | false)[] = [
    !subjects.every((subject) => own.includes(subject)) && `it must take the subjects ${subjects.join(", ")}, but takes ${own.join(", ")}; give them back`,
    config["retention"] !== "limits" && `its retention must be limits, but is ${String(config["retention"])}, so that messages vanish once they are read`,
    limitOf(config, "max_age") < Infinity && "max_age removes messages that nobody has seen; set it to 0, and give the queue a ttl instead",
    config["discard"] === "old" && [limitOf(config, "max_msgs"), limitOf(config, "max_bytes")].some((limit) => limit < Infinity) && "with discard old and a limit of messages or bytes it removes what nobody has seen; set discard to new, or the limits to -1",
    most < perSubject && `max_msgs_per_subject must be ${perSubject === Infinity ? "-1" : `${perSubject} or more`}, but is ${most}, so that it forgets what is still needed`,
    config["sealed"] === true && "it is sealed, so that nothing can be written to it; that can't be undone: restore it under its name",
    config["no_ack"] === true && "with no_ack the server confirms nothing, so that pushes fail; set it to false",
    Number(config["duplicate_window"] ?? 0) < window * NANO && "its duplicate_window is shorter than the queue's dedupWindowSeconds, so that messages may be stored twice; configure the queue again, and it is set",
  ];
  return found.filter((one) => one !== false);
}

/** No limit is -1, or 0. */
function limitOf(config: Readonly<Record<string, unknown>>, name: string): number {
  const value = Number(config[name] ?? -1);
  return value > 0 ? value : Infinity;
}

function few(problems: readonly string[]): string[] {
  return problems.length <= MOST ? [...problems] : [...problems.slice(0, MOST), `${problems.length - MOST} more streams of queues have such problems.`];
}

function withoutKey({ crypt }: Engine, queues: readonly Definition[]): string[] {
  const encrypted = queues.filter(({ options }) => options.encryptionEnabled).map(({ name }) => name);
  if (encrypted.length === 0 || crypt.available) return [];
  return [`No encryption key is set, so the data of encrypted queues can't be read or pushed: ${encrypted.slice(0, 10).join(", ")}. Set QUEUESCOPE_ENCRYPTION_KEY.`];
}
