import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { platform } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface ServerInfo {
  readonly name: string;
  readonly version: string;
  readonly jetstream: boolean;
}

/** What a nats-server on this port of this machine says of itself; `undefined` when none answers. */
export async function readInfo(port: number): Promise<ServerInfo | undefined> {
  const socket = connect({ port, host: "127.0.0.1", signal: AbortSignal.timeout(2_000) });
  try {
    let text = "";
    for await (const chunk of socket.setEncoding("utf8") as AsyncIterable<string>) {
      text += chunk;
      if (text.includes("\r\n") || text.length > 100_000) break;
    }
    return parseInfo(text);
  } catch {
    // Refused, reset or silent: whoever it is, it isn't a nats-server that is ready.
    return undefined;
  } finally {
    socket.destroy();
  }
}

function parseInfo(text: string): ServerInfo | undefined {
  const [, json] = /^INFO (\{.*\})\s*\r\n/.exec(text) ?? [];
  if (json === undefined) return undefined;
  const { server_name: name = "", version = "", jetstream = false } = JSON.parse(json) as { server_name?: string; version?: string; jetstream?: boolean };
  return { name, version, jetstream };
}

/**
 * Whether this process runs and has the marker on its command line. A pid alone proves nothing: after a
 * restart of the machine it may be anybody's.
 */
export async function isProcess(pid: number, marker: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    // Gone, or another user's.
    return false;
  }
  return (await commandLine(pid)).includes(marker);
}

/** Empty for a process that has ended and that nobody has asked about yet. */
async function commandLine(pid: number): Promise<string> {
  try {
    if (platform() === "linux") return await readFile(`/proc/${pid}/cmdline`, "utf8");
    if (platform() === "win32") return (await run("powershell.exe", ["-NoProfile", "-NonInteractive", "-Command", `(Get-CimInstance Win32_Process -Filter 'ProcessId = ${pid}').CommandLine`], { windowsHide: true })).stdout;
    return (await run("ps", ["-ww", "-o", "command=", "-p", String(pid)])).stdout;
  } catch {
    // It ended meanwhile.
    return "";
  }
}

