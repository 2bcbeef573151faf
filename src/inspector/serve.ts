import { isQueuescopeError, type Watch } from "../core/index.ts";
import { type CallError, type HostEvent, isMethod, METHODS, type MethodName, toHost } from "../protocol/index.ts";
import { type Handler, HANDLERS } from "./handlers.ts";
import type { Channel, Host } from "./host.ts";

/** More calls at once than any page of ours makes. */
const MOST_CALLS = 64;
/** Between two words about changes. */
const CHANGE_INTERVAL_MS = 250;

/**
 * Answers a page's calls until it is disposed. Nothing that a page sends is trusted: what isn't a
 * message of the protocol is dropped, and parameters that don't fit are refused by name.
 */
export function serveInspector(channel: Channel, host: Host): Disposable {
  const calls = new Map<number, AbortController>();
  const changes = new Changes(host, (event) => { channel.send({ type: "event", event }); });

  channel.onMessage((message) => {
    const parsed = toHost.safeParse(message);
    if (!parsed.success) return;
    const { id } = parsed.data;
    if (parsed.data.type === "cancel") calls.get(id)?.abort();
    else if (calls.has(id)) return;
    else if (calls.size >= MOST_CALLS) channel.send({ type: "error", id, error: { code: "busy", message: `More than ${MOST_CALLS} calls at once. Wait for some of them.` } });
    else void answer(id, parsed.data.method, parsed.data.params);
  });

  async function answer(id: number, name: string, params: unknown): Promise<void> {
    const stop = new AbortController();
    calls.set(id, stop);
    try {
      const value = await perform(name, params, id, stop.signal);
      channel.send({ type: "result", id, value });
    } catch (error) {
      if (!isQueuescopeError(error) && !stop.signal.aborted && !(error instanceof Refused)) host.onError(name, error);
      channel.send({ type: "error", id, error: shown(error, stop.signal) });
    } finally {
      calls.delete(id);
    }
  }

  async function perform(name: string, input: unknown, id: number, signal: AbortSignal): Promise<unknown> {
    if (!isMethod(name)) throw new Refused(`There is no call ${JSON.stringify(name)}. Reload the page: it may be of another version.`);
    const params = METHODS[name].params.safeParse(input);
    if (!params.success) throw refusal(name, params.error.issues);
    const broker = await host.connection.open();
    changes.follow(broker);
    // One signature for all of them: which parameters go with which method was just checked.
    const handle = HANDLERS[name] as Handler<MethodName>;
    return handle(params.data, {
      host,
      broker,
      signal,
      progress: (value: unknown) => { channel.send({ type: "progress", id, value }); },
      emit: (event) => { channel.send({ type: "event", event }); },
    });
  }

  return {
    [Symbol.dispose]: () => {
      changes[Symbol.dispose]();
      for (const call of calls.values()) call.abort();
    },
  };
}

/** Tells the page that something changed, at most four times a second. */
class Changes implements Disposable {
  readonly #emit: (event: HostEvent) => void;
  readonly #status: Disposable;
  #broker: object | undefined;
  #watch: Watch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #quietUntil = 0;

  constructor(host: Host, emit: (event: HostEvent) => void) {
    this.#emit = emit;
    this.#status = host.connection.onStatus((status) => {
      emit({ name: "connection", status });
      this.#changed();
    });
  }

  /** A connection that was opened anew has another broker. */
  follow(broker: { watch(onChange: () => void): Watch }): void {
    if (this.#broker === broker) return;
    this.#watch?.close();
    this.#broker = broker;
    this.#watch = broker.watch(() => { this.#changed(); });
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#quietUntil = Date.now() + CHANGE_INTERVAL_MS;
      this.#emit({ name: "changed" });
    }, Math.max(0, this.#quietUntil - Date.now()));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watch?.close();
    this.#status[Symbol.dispose]();
  }
}

/** The page did what no page of ours does. */
class Refused extends Error {
  readonly field: string | undefined;

  constructor(message: string, field?: string) {
    super(message);
    this.field = field;
  }
}

function refusal(name: string, issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): Refused {
  const [issue] = issues;
  const field = issue?.path.join(".") ?? "";
  return new Refused(`${name} refused its input: ${field === "" ? "" : `${field}: `}${issue?.message ?? "it doesn't fit"}.`, field);
}

function shown(error: unknown, signal: AbortSignal): CallError {
  if (signal.aborted) return { code: "cancelled", message: "Cancelled." };
  if (isQueuescopeError(error)) return { code: error.code, message: error.message, ...(error.field === undefined ? {} : { field: error.field }) };
  if (error instanceof Refused) return { code: "invalid-input", message: error.message, ...(error.field === undefined ? {} : { field: error.field }) };
  return { code: "failed", message: error instanceof Error ? error.message : String(error) };
}
