import { VscodeScrollable } from "@vscode-elements/elements/dist/vscode-scrollable/vscode-scrollable.js";

/**
 * Version 2.5.1 throws where a select is removed in the moment before its list is drawn: it stops observing a part that isn't
 * there yet. Until it is, the element itself stands for it.
 */
const part = Object.getOwnPropertyDescriptor(VscodeScrollable.prototype, "_contentElement");
Object.defineProperty(VscodeScrollable.prototype, "_contentElement", {
  ...part,
  get(this: VscodeScrollable): unknown {
    return (this.hasUpdated ? (part?.get?.call(this) as unknown) : null) ?? this;
  },
});
