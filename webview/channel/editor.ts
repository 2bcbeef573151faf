import type { Channel } from "./channel.ts";

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare const acquireVsCodeApi: () => EditorApi;

export function isInEditor(): boolean {
  return "acquireVsCodeApi" in globalThis;
}

/** Messages between a webview and the extension. */
export function editorChannel(): Channel {
  const api = acquireVsCodeApi();
  return {
    send: (message) => { api.postMessage(message); },
    onMessage: (listener) => { window.addEventListener("message", ({ data }: MessageEvent<unknown>) => { listener(data); }); },
    memory: { get: () => api.getState(), set: (state) => { api.setState(state); } },
  };
}
