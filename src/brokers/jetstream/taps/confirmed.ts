import type { NatsConnection } from "@nats-io/transport-node";

/** Resolves when the server has taken everything that was sent before. @throws the client's errors */
export async function confirmed(nc: NatsConnection, timeout = 10_000): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => { reject(new Error(`timeout: no confirmation within ${timeout} ms`)); }, timeout);
  });
  try {
    await Promise.race([nc.flush(), late]);
  } finally {
    clearTimeout(timer);
  }
  // What the server refused it says before it confirms, but listeners hear of it a few turns later.
  await new Promise((resolve) => { setImmediate(resolve); });
}
