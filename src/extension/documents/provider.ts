import * as vscode from "vscode";
import type { Disposable } from "../disposable.ts";
import type { Connection } from "../connections/connection.ts";
import type { Connections } from "../connections/connections.ts";
import { errorText } from "../errors.ts";
import type { Streams } from "../../core/index.ts";
import { takeRows } from "../loaders/paging.ts";
import { messageLives } from "../../inspector/traces-read.ts";
import { livesText } from "../../inspector/traces-text.ts";
import { streamsOf } from "../loaders/streams.ts";
import type { RunningTaps } from "../taps/taps.ts";
import { type Address, addressUri, SCHEME, uriAddress } from "./address.ts";
import { parseContentDocument } from "../../client/documents/read.ts";
import { arrivalDocument, bucketEntryDocument, contentDocument, deadLetterDocument, factsDocument, messageDocument, messagesDocument, pushTemplate, streamMessageDocument, streamMessagesDocument } from "../../client/documents/write.ts";

/** Consumers of one stream that are looked through. */
const MOST_CONSUMERS = 1000;

interface Entry {
  readonly bytes: Uint8Array;
  readonly mtime: number;
}

/**
 * Messages as documents of the scheme `queuescope`. What is only shown is read-only; saving an edited
 * message writes it back; a message to push or to redrive is kept in memory until its button is used.
 */
export class MessageDocuments implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #connections: Connections;
  readonly #taps: RunningTaps;
  readonly #entries = new Map<string, Entry>();
  readonly #changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #disposables: Disposable[];
  readonly onDidChangeFile = this.#changes.event;

  constructor(connections: Connections, taps: RunningTaps) {
    this.#connections = connections;
    this.#taps = taps;
    this.#disposables = [
      this.#changes,
      vscode.workspace.registerFileSystemProvider(SCHEME, this, { isCaseSensitive: true }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === SCHEME && !isOwn(uriAddress(uri))) this.forget(uri);
      }),
    ];
  }

  /** Shows the document as it is now, in the editor that already has it if there is one. */
  async show(address: Address, options: vscode.TextDocumentShowOptions = {}): Promise<vscode.TextEditor> {
    const uri = addressUri(address);
    if (!isOwn(address) && this.#entries.has(uri.toString())) {
      await this.#load(uri);
      this.#changes.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    }
    return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), options);
  }

  /** What was written in a document is in the broker, or not wanted any more. */
  forget(uri: vscode.Uri): void {
    this.#entries.delete(uri.toString());
  }

  /** The connection that a document of ours belongs to. */
  connectionOf(uri: vscode.Uri): Promise<Connection> {
    return this.#connection(uriAddress(uri));
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { bytes, mtime } = await this.#entry(uri);
    const stat = { type: vscode.FileType.File, ctime: mtime, mtime, size: bytes.byteLength };
    return isReadOnly(uriAddress(uri)) ? { ...stat, permissions: vscode.FilePermission.Readonly } : stat;
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return (await this.#entry(uri)).bytes;
  }

  async writeFile(uri: vscode.Uri, bytes: Uint8Array): Promise<void> {
    const address = uriAddress(uri);
    if (isReadOnly(address)) throw vscode.FileSystemError.NoPermissions(uri);
    if (address.kind === "edit") await this.#writeBack(address, new TextDecoder().decode(bytes));
    this.#entries.set(uri.toString(), { bytes, mtime: Date.now() });
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  async #entry(uri: vscode.Uri): Promise<Entry> {
    return this.#entries.get(uri.toString()) ?? (await this.#load(uri));
  }

  async #load(uri: vscode.Uri): Promise<Entry> {
    const address = uriAddress(uri);
    try {
      const text = await this.#text(address, await this.#connection(address));
      const entry = { bytes: new TextEncoder().encode(text), mtime: Date.now() };
      this.#entries.set(uri.toString(), entry);
      return entry;
    } catch (error) {
      throw new vscode.FileSystemError(errorText(error));
    }
  }

  async #connection({ connection: id }: Address): Promise<Connection> {
    const connection = await this.#connections.find(id);
    if (connection === undefined) throw new Error(vscode.l10n.t("The connection of this document is not in the workspace any more."));
    return connection;
  }

  async #text(address: Address, connection: Connection): Promise<string> {
    if (address.kind === "push") return pushTemplate(address.queue, address.partition);
    if (address.kind === "arrival") return this.#arrival(address);
    const broker = await connection.open();
    if ("stream" in address) return streamText(address, streamsOf(broker));
    const { inspect } = broker;
    switch (address.kind) {
      case "message":
        return messageDocument(await inspect.read(address.id, address.group));
      case "deadLetter":
        return deadLetterDocument(await inspect.deadLetter(address.id));
      case "edit":
        return contentDocument(await inspect.read(address.id));
      case "redrive":
        return contentDocument(await inspect.deadLetter(address.id));
      case "peek": {
        const limit = vscode.workspace.getConfiguration("queuescope").get<number>("peekLimit", 50);
        const { queue, group, partition } = address;
        return messagesDocument(await inspect.peek(queue, { limit, ...(group === undefined ? {} : { group }), ...(partition === undefined ? {} : { partition }) }));
      }
      case "trace":
        return `${livesText(address.id, (await messageLives(broker, address.id)).lives, Date.now()).join("\n")}\n`;
    }
  }

  #arrival({ tap, number, subject }: Extract<Address, { kind: "arrival" }>): string {
    const arrival = this.#taps.find(tap)?.arrival(Number(number));
    if (arrival?.message.subject !== subject) throw new Error(vscode.l10n.t("What was heard on {0} isn't kept any more. Save arrivals into a queue to keep them.", subject));
    return arrivalDocument(arrival.message);
  }

  async #writeBack(address: Extract<Address, { kind: "edit" }>, text: string): Promise<void> {
    try {
      const { payload, headers } = parseContentDocument(text);
      const { repair } = await (await this.#connection(address)).open();
      await repair.edit(address.id, { payload, headers });
    } catch (error) {
      // The editor shows this text beside the name of the document, and keeps what was written.
      throw vscode.FileSystemError.NoPermissions(errorText(error));
    }
    vscode.window.setStatusBarMessage(vscode.l10n.t("{0} was changed in its queue.", address.id), 5000);
  }
}

function isReadOnly({ kind }: Address): boolean {
  return kind !== "edit" && kind !== "push" && kind !== "redrive";
}

/** Whether its text is the person's alone, not yet in a broker: it stays when the editor is closed after saving. */
function isOwn({ kind }: Address): boolean {
  return kind === "push" || kind === "redrive";
}

type StreamAddress = Extract<Address, { stream: string }>;

async function streamText(address: StreamAddress, streams: Streams): Promise<string> {
  switch (address.kind) {
    case "stream":
      return factsDocument(await streams.get(address.stream));
    case "consumer": {
      const { items } = await takeRows((page) => streams.consumers(address.stream, page), MOST_CONSUMERS);
      const consumer = items.find(({ name }) => name === address.consumer);
      if (consumer === undefined) throw new Error(vscode.l10n.t("The stream {0} has no consumer {1} any more.", address.stream, address.consumer));
      return factsDocument(consumer);
    }
    case "subject": {
      const limit = vscode.workspace.getConfiguration("queuescope").get<number>("peekLimit", 50);
      const { items } = await takeRows((page) => streams.messages(address.stream, { ...page, subject: address.subject }), limit);
      return streamMessagesDocument(items);
    }
    case "streamMessage":
      return streamMessageDocument(await streams.message(address.stream, Number(address.sequence)));
    case "key":
      return bucketEntryDocument(await streams.value(address.stream, address.key));
  }
}
