import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Params, SettledView } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Button, TextField } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { count } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";

export interface Settling {
  /** The chosen ones, else the current one. */
  readonly receipts: readonly string[];
  readonly all: readonly string[];
  readonly onDone: (results: readonly SettledView[]) => void;
}

type Action = Params<"pop.settle">["action"];
interface Asking {
  readonly action: "nack" | "dead";
  readonly receipts: readonly string[];
}

/** What can be done with messages that are leased here: one, the chosen ones, or all. */
export function SettleBar({ settling: { receipts, all, onDone } }: { readonly settling: Settling }): JSX.Element {
  const { client } = useInspector();
  const [asking, setAsking] = useState<Asking | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const none = receipts.length === 0;

  async function act(call: () => Promise<{ readonly results: readonly SettledView[] }>): Promise<void> {
    setAsking(null);
    setError(null);
    try {
      onDone((await call()).results);
    } catch (reason) {
      setError(reason instanceof Error ? reason : new Error(String(reason)));
    }
  }
  const settle = (action: Action, which: readonly string[], more: { readonly error?: string; readonly delay?: number } = {}): void => { void act(() => client.call("pop.settle", { receipts: [...which], action, ...more })); };

  return (
    <div class="toolbar settle-bar" role="toolbar" aria-label={t("Settle")}>
      <span class="hint">{none ? t("Choose messages, or settle all:") : count(receipts.length, "{0} chosen:", "{0} chosen:")}</span>
      <Button icon="check" disabled={none} onClick={() => { settle("ack", receipts); }}>{t("Ack")}</Button>
      <Button icon="debug-restart" disabled={none} onClick={() => { setAsking({ action: "nack", receipts }); }}>{t("Nack…")}</Button>
      <Button icon="discard" disabled={none} onClick={() => { settle("release", receipts); }} title={t("Returns it at once, uncharged")}>{t("Release")}</Button>
      <Button icon="circle-slash" disabled={none} onClick={() => { setAsking({ action: "dead", receipts }); }}>{t("To Dead Letters…")}</Button>
      <Button icon="history" disabled={none} onClick={() => { void act(() => client.call("pop.renew", { receipts: [...receipts] })); }} title={t("The lease starts anew")}>{t("Renew")}</Button>
      <span class="spacer" />
      <Button onClick={() => { settle("ack", all); }}>{count(all.length, "Ack All ({0})", "Ack All ({0})")}</Button>
      <Button onClick={() => { settle("release", all); }}>{count(all.length, "Release All ({0})", "Release All ({0})")}</Button>
      {asking !== null && <FailureDialog {...asking} onSettle={(more) => { settle(asking.action, asking.receipts, more); }} onCancel={() => { setAsking(null); }} />}
      {error !== null && <Failure error={error} />}
    </div>
  );
}

/** A nack or a death keeps why. */
function FailureDialog({ action, receipts, onSettle, onCancel }: Asking & { readonly onSettle: (more: { readonly error?: string; readonly delay?: number }) => void; readonly onCancel: () => void }): JSX.Element {
  const [error, setError] = useState(t("Rejected in the inspector"));
  const [delay, setDelay] = useState("");
  const seconds = delay.trim() === "" ? null : Number(delay);
  const wrong = seconds !== null && !(seconds >= 0);
  const title = action === "nack" ? count(receipts.length, "Nack {0} message", "Nack {0} messages") : count(receipts.length, "Move {0} message to the dead letters", "Move {0} messages to the dead letters");
  return (
    <Dialog title={title} action={action === "nack" ? t("Nack") : t("Move")} disabled={wrong} onCancel={onCancel} onAction={() => { onSettle({ error, ...(seconds === null ? {} : { delay: Math.round(seconds * 1000) }) }); }}>
      <TextField label={t("What went wrong?")} value={error} onChange={setError} />
      {action === "nack" && <TextField label={t("Retry after, in seconds")} placeholder={t("retry after: as the queue's backoff says; seconds")} value={delay} invalid={wrong} onChange={setDelay} />}
    </Dialog>
  );
}
