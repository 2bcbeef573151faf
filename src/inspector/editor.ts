import { QueuescopeError } from "../core/index.ts";
import type { Editor, Host } from "./host.ts";

/** @throws unsupported in a browser */
export function editorOf({ editor }: Host): Editor {
  if (editor === null) throw new QueuescopeError("unsupported", "There is no editor here. Open this queue's inspector in VS Code for that.");
  return editor;
}
