import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Params, Progress, Result } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Button, Checkbox } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { count, number } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { Popup } from "./popup.tsx";
import { type Conditions, filterOf, isFiltered } from "./settings.ts";

/** Messages to a file and from one, with what it says on the way. */
export function TransferMenu({ conditions }: { readonly conditions: Conditions }): JSX.Element {
  const { queue, group, surroundings: { connection } } = useInspector();
  const [asking, setAsking] = useState<"export" | "import" | null>(null);
  const work = useTransfer();
  const encrypted = queue.options["encryptionEnabled"] === true;
  const filter = filterOf(conditions, group);

  return (
    <>
      <Popup icon="ellipsis" label={t("Export and import")}>
        {(close) => (
          <>
            <Button icon="export" onClick={() => { close(); if (encrypted) setAsking("export"); else work.exportAll({ queue: queue.name, filter, plaintext: false }); }}>{isFiltered(conditions) ? t("Export what is shown…") : t("Export all…")}</Button>
            {!connection.readOnly && <Button onClick={() => { close(); setAsking("import"); }}>{t("Import…")}</Button>}
          </>
        )}
      </Popup>
      {work.words !== null && (
        <div class="transfer" role="status">
          <span>{work.words}</span>
          {work.running ? <Button onClick={work.cancel}>{t("Cancel")}</Button> : <Button onClick={work.forget}>{t("OK")}</Button>}
        </div>
      )}
      {work.error !== null && <Failure error={work.error}><Button onClick={work.forget}>{t("OK")}</Button></Failure>}
      {asking === "export" && (
        <Dialog title={t("Export from the encrypted queue {0}?", queue.name)} action={t("Export as plaintext")} onCancel={() => { setAsking(null); }} onAction={() => { setAsking(null); work.exportAll({ queue: queue.name, filter, plaintext: true }); }}>
          <p>{t("Data and headers are stored encrypted. The file will hold them readable for everybody who can read the file.")}</p>
        </Dialog>
      )}
      {asking === "import" && <ImportDialog onCancel={() => { setAsking(null); }} onImport={(all) => { setAsking(null); work.importAll({ queue: queue.name, all }); }} />}
    </>
  );
}

function ImportDialog({ onImport, onCancel }: { readonly onImport: (all: boolean) => void; readonly onCancel: () => void }): JSX.Element {
  const { queue, surroundings: { connection } } = useInspector();
  const [all, setAll] = useState(false);
  return (
    <Dialog title={t("Import messages into {0}", queue.name)} action={t("Choose a file…")} onCancel={onCancel} onAction={() => { onImport(all); }}>
      <p>{t("Pushes the messages of an NDJSON file, as an export writes it, to {0} on {1}. Every line is checked before the first is pushed; what the queue knows by its transaction id isn't stored again.", queue.name, connection.label)}</p>
      <Checkbox label={t("Also those that were completed or dead when they were exported")} value={all} onChange={setAll} />
    </Dialog>
  );
}

interface Transfer {
  /** What it does, or did; `null`: nothing. */
  readonly words: string | null;
  readonly error: Error | null;
  readonly running: boolean;
  readonly exportAll: (request: Params<"messages.export">) => void;
  readonly importAll: (request: Params<"messages.import">) => void;
  readonly cancel: () => void;
  readonly forget: () => void;
}

function useTransfer(): Transfer {
  const { client } = useInspector();
  const [words, setWords] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const stop = useRef<AbortController | null>(null);
  const [running, setRunning] = useState(false);

  function run(first: string, act: (signal: AbortSignal) => Promise<string | null>): void {
    const own = new AbortController();
    stop.current?.abort();
    stop.current = own;
    setError(null);
    setRunning(true);
    setWords(first);
    const end = (text: string | null, failed: Error | null): void => {
      if (stop.current !== own) return;
      setRunning(false);
      setWords(text);
      setError(failed);
    };
    act(own.signal).then((text) => { end(text, null); }, (reason: unknown) => {
      if (own.signal.aborted) end(t("Cancelled."), null);
      else end(null, reason instanceof Error ? reason : new Error(String(reason)));
    });
  }

  return {
    words,
    error,
    running,
    cancel: () => { stop.current?.abort(); },
    forget: () => {
      setWords(null);
      setError(null);
    },
    exportAll: (request) => {
      run(t("Exporting…"), async (signal) => {
        const { name, count: exported } = await client.call("messages.export", request, { signal, onProgress: (progress) => { setWords(t("Exporting… {0}", number(progress.count))); } });
        return name === null ? null : t("Exported {0} to {1}.", count(exported, "{0} message", "{0} messages"), name);
      });
    },
    importAll: (request) => {
      run(t("Importing…"), async (signal) => importedText(await client.call("messages.import", request, { signal, onProgress: (progress) => { setWords(importingText(progress)); } })));
    },
  };
}

function importingText({ phase, done, total }: Progress<"messages.import">): string {
  if (phase === "reading") return t("Checking the file… {0} lines", number(done));
  return total === null ? t("Importing… {0}", number(done)) : t("Importing… {0} of {1}", number(done), number(total));
}

function importedText({ name, counts }: Result<"messages.import">): string | null {
  if (name === null) return null;
  return [
    t("Imported {0}.", count(counts.imported, "{0} message", "{0} messages")),
    ...(counts.duplicates > 0 ? [t("{0} left out: their transaction id is there already.", number(counts.duplicates))] : []),
    ...(counts.finished > 0 ? [t("{0} left out: completed or dead when exported.", number(counts.finished))] : []),
    ...(counts.expired > 0 ? [t("{0} left out: expired.", number(counts.expired))] : []),
  ].join(" ");
}
