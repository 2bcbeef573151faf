import type { Memory } from "./channel.ts";

/** Of one tab of a browser, by name; it ends with the tab. */
export function sessionMemory(name: string): Memory {
  const key = `queuescope ${name}`;
  return {
    get: () => parsed(sessionStorage.getItem(key)),
    set: (state) => {
      try {
        sessionStorage.setItem(key, JSON.stringify(state));
      } catch (error) {
        // Full: what was remembered before stays.
        if (!(error instanceof DOMException)) throw error;
      }
    },
  };
}

function parsed(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
