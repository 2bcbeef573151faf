import type { Logger } from "../client/log.ts";

/** SIGHUP: the terminal was closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The first of the signals stops, the second doesn't wait any longer. Answers how to stop listening. */
export function listenToSignals(stop: AbortController, force: AbortController, log: Logger): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    // What can't be written any more must not end what runs.
    if (signal === "SIGHUP") for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
    if (stop.signal.aborted) {
      log.warn(`${signal} again: not waiting for running handlers, their messages are released`);
      force.abort();
      return;
    }
    log.info(`${signal}: stopping; press Ctrl-C again to stop without waiting`);
    stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => { for (const signal of SIGNALS) process.off(signal, onSignal); };
}
