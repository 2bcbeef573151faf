import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/client/connect.ts";
import type { Broker, Delivery } from "../../src/core/index.ts";
import { type Editor, type Files, type Host, type PoppedLease, serveInspector } from "../../src/inspector/index.ts";
import type { MethodName, Params, Result } from "../../src/protocol/index.ts";
import { type CallOptions, Client, HostError } from "../../webview/channel/client.ts";

export { HostError as CallRefused };

export interface PageOptions {
  /** Without one the page has a file of its own. */
  readonly broker?: Broker;
  readonly editor?: Editor;
  /** What the person picks; by default they cancel. */
  readonly files?: Files;
}

const CANCELLED: Files = { save: () => Promise.resolve(undefined), open: () => Promise.resolve(undefined) };

/**
 * The page's own client, answered by the inspector's host: calls and answers are validated on both
 * sides, as between a webview and the editor.
 */
export class TestPage implements AsyncDisposable {
  readonly broker: Broker;
  /** Its templates are in `templates` below. */
  readonly folder: string;
  readonly popped: PoppedLease[] = [];
  readonly #client: Client;
  readonly #close: () => Promise<void>;

  constructor(broker: Broker, folder: string, { editor, files = CANCELLED }: Pick<PageOptions, "editor" | "files">, close: () => Promise<void>) {
    this.broker = broker;
    this.folder = folder;
    const [toHost, toPage]: [Listener[], Listener[]] = [[], []];
    const serving = serveInspector({ send: say(toPage), onMessage: (listener) => { toHost.push(listener); } }, this.#host(editor ?? null, files));
    this.#client = new Client({ send: say(toHost), onMessage: (listener) => { toPage.push(listener); }, memory: { get: () => undefined, set: () => undefined } });
    this.#close = async () => {
      serving[Symbol.dispose]();
      await close();
    };
  }

  call<M extends MethodName>(method: M, params: Params<M>, options: CallOptions<M> = {}): Promise<Result<M>> {
    return this.#client.call(method, params, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #host(editor: Editor | null, files: Files): Host {
    const { popped } = this;
    const place = (receipt: string): number => popped.findIndex((lease) => lease.receipt === receipt);
    return {
      surface: editor === null ? "browser" : "editor",
      connection: { id: "test", label: "test", open: () => Promise.resolve(this.broker), status: () => ({ state: "open", reason: null }), onStatus: () => ({ [Symbol.dispose]: () => undefined }) },
      popped: {
        list: (queue) => popped.filter((lease) => lease.queue === queue),
        add: (deliveries) => Promise.resolve(void popped.push(...deliveries.flatMap(leaseOf))),
        renewed: (receipt, leaseExpiresAt) => Promise.resolve(void popped.splice(place(receipt), 1, ...popped.filter((lease) => lease.receipt === receipt).map((lease) => ({ ...lease, leaseExpiresAt })))),
        remove: (receipt) => Promise.resolve(void popped.splice(place(receipt), place(receipt) < 0 ? 0 : 1)),
      },
      editor,
      files,
      templates: join(this.folder, "templates"),
      texts: {},
      onError: (what, error) => { throw new Error(`The host failed in ${what}.`, { cause: error }); },
    };
  }
}

export async function openPage({ broker, ...parts }: PageOptions = {}): Promise<TestPage> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "queuescope-page-")));
  if (broker !== undefined) return new TestPage(broker, folder, parts, () => Promise.resolve());
  const queues = await connect(join(folder, "queues.db"));
  return new TestPage(queues.broker, folder, parts, () => queues.close());
}

type Listener = (message: unknown) => void;

/** As it arrives at the other side: a copy, in a turn of its own. */
function say(listeners: readonly Listener[]): Listener {
  return (message) => {
    const copy: unknown = JSON.parse(JSON.stringify(message));
    setImmediate(() => { for (const listener of listeners) listener(copy); });
  };
}

function leaseOf({ queue, group, id, receipt, leaseExpiresAt }: Delivery): PoppedLease[] {
  return receipt === null || leaseExpiresAt === null ? [] : [{ queue, group, messageId: id, receipt, leaseExpiresAt }];
}
