import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../l10n.ts";
import { Button } from "./controls.tsx";

export interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** What the main button does, in a word or two with the count: "Discard 12 dead letters". */
  readonly action: string;
  readonly disabled?: boolean;
  readonly onAction: () => void;
  readonly onCancel: () => void;
}

/** Asks before something changes. Escape cancels; the focus starts on Cancel and returns where it was. */
export function Dialog({ title, children, action, disabled = false, onAction, onCancel }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} class="dialog" aria-label={title} onCancel={(event) => { event.preventDefault(); onCancel(); }}>
      <h2>{title}</h2>
      <div class="dialog-body">{children}</div>
      <div class="dialog-buttons">
        <Button onClick={onCancel}>{t("Cancel")}</Button>
        <Button primary disabled={disabled} onClick={onAction}>{action}</Button>
      </div>
    </dialog>
  );
}
