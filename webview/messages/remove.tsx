import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Dialog } from "../parts/dialog.tsx";
import { count } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";

export interface RemoveDialogProps {
  readonly ids: readonly string[];
  /** Scheduled ones, before they are due. */
  readonly cancel: boolean;
  /** Some are leased. */
  readonly leased: boolean;
  readonly onClose: (changed: boolean) => void;
}

/** Messages that one call takes. */
const AT_ONCE = 1000;

export function RemoveDialog({ ids, cancel, leased, onClose }: RemoveDialogProps): JSX.Element {
  const { client, queue, surroundings: { connection }, announce } = useInspector();
  const [error, setError] = useState<Error | null>(null);
  const [working, setWorking] = useState(false);
  const what = count(ids.length, "{0} message", "{0} messages");

  async function act(): Promise<void> {
    setWorking(true);
    let done = 0;
    try {
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        const some = { ids: ids.slice(from, from + AT_ONCE) };
        done += cancel ? (await client.call("messages.cancel", some)).cancelled : (await client.call("messages.remove", some)).removed;
      }
      announce(cancel ? t("Cancelled {0}.", count(done, "{0} message", "{0} messages")) : t("Removed {0}.", count(done, "{0} message", "{0} messages")));
      onClose(true);
    } catch (reason) {
      setError(reason instanceof Error ? reason : new Error(String(reason)));
      setWorking(false);
    }
  }

  return (
    <Dialog title={cancel ? t("Cancel {0} of {1}?", what, queue.name) : t("Remove {0} from {1}?", what, queue.name)} action={cancel ? t("Cancel {0}", what) : t("Remove {0}", what)} disabled={working} onCancel={() => { onClose(false); }} onAction={() => void act()}>
      <p>{t("Queue {0} on {1}. This can't be undone.", queue.name, connection.label)}</p>
      <p class="mono">{ids.length <= 5 ? ids.join(", ") : t("{0} and {1} more", ids.slice(0, 5).join(", "), ids.length - 5)}</p>
      {leased && <p>{t("A leased one's receipt goes stale: whoever works on it can't settle it any more.")}</p>}
      {error !== null && <Failure error={error} />}
    </Dialog>
  );
}
