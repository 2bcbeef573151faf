import type { ComponentChildren, JSX } from "preact";
import { Icon } from "./controls.tsx";

/** An empty view: what is not there, and what to do next. */
export function Empty({ icon = "inbox", title, children }: { readonly icon?: string; readonly title: string; readonly children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <Icon name={icon} size={32} />
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** What went wrong, in the host's words. */
export function Failure({ error, children }: { readonly error: Error; readonly children?: ComponentChildren }): JSX.Element {
  return (
    <div class="failure" role="alert">
      <Icon name="error" />
      <span>{error.message}</span>
      {children}
    </div>
  );
}
