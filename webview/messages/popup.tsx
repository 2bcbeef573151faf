import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "../parts/controls.tsx";

/** A button with a small panel below it: closed by Escape, and by whatever is done elsewhere. */
export function Popup({ icon, label, children }: { readonly icon: string; readonly label: string; readonly children: (close: () => void) => ComponentChildren }): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event): void => {
      if (event.target instanceof Node && box.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div class="popup" ref={box} onKeyDown={(event) => { if (open && event.key === "Escape") { event.stopPropagation(); close(); } }}>
      <button ref={button} type="button" class="icon-button" title={label} aria-label={label} aria-expanded={open} aria-controls={id} onClick={() => { setOpen(!open); }}>
        <Icon name={icon} />
      </button>
      <div id={id} class="popup-panel" role="group" aria-label={label} hidden={!open}>{open && children(close)}</div>
    </div>
  );
}
