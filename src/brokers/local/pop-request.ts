import { wanted as checked } from "../../core/index.ts";
import type { PopRequest } from "../../core/index.ts";
import { messageNotFound, parseMessageId } from "./ids.ts";
import type { Wanted } from "./pop.ts";

/** @throws invalid-input, message-not-found for what can't be an id */
export function wanted(request: PopRequest): Wanted {
  return checked(request, messageKey);
}

function messageKey(id: string): number {
  const key = parseMessageId(id);
  if (key === null) throw messageNotFound(id);
  return key;
}
