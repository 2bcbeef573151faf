import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Why a request is refused. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly reason: string;
}

/** Names of this machine that no other one can have: what was reached by another name is an attack by DNS rebinding. */
const LOCAL_NAMES = ["127.0.0.1", "localhost"];

const STRANGER: Refusal = { status: 401, reason: "This dashboard opens with the whole address that `queuescope dashboard` printed, up to the end of its token. It is another one each time that the command is started." };

/** Who may speak to the dashboard: a browser on this machine that was given the printed address, and no page but ours in it. */
export class Access {
  /** In the printed address. */
  readonly token = secret();
  /** What the token is exchanged for. */
  readonly #session = secret();
  readonly #cookie: string;

  /** @param port cookies know no ports: the name keeps dashboards apart that run side by side */
  constructor(port: number) {
    this.#cookie = `queuescope-${port}`;
  }

  opens(token: string): boolean {
    return equal(token, this.token);
  }

  /** For the browser's `Set-Cookie`: no script reads it, and no other site's page makes the browser send it. */
  get cookie(): string {
    return `${this.#cookie}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Of a request that wants more than to come in. */
  refusal(request: IncomingMessage): Refusal | undefined {
    return refusalOfPlace(request) ?? (this.#known(request) ? undefined : STRANGER);
  }

  #known({ headers }: IncomingMessage): boolean {
    const given = (headers.cookie ?? "").split("; ").find((pair) => pair.startsWith(`${this.#cookie}=`));
    return given !== undefined && equal(given.slice(this.#cookie.length + 1), this.#session);
  }
}

/** By which name it was reached, and from whose page. The port isn't looked at, so that a forwarded one works. */
export function refusalOfPlace({ headers: { host = "", origin } }: IncomingMessage): Refusal | undefined {
  if (!LOCAL_NAMES.includes(host.replace(/:\d+$/, ""))) return { status: 403, reason: "The dashboard answers on 127.0.0.1 and localhost only. Open the address that `queuescope dashboard` printed." };
  // A page on another port of this machine is another's, although cookies and SameSite take it for ours.
  if (origin !== undefined && origin !== `http://${host}`) return { status: 403, reason: "Another site's page asked for this. The dashboard answers its own page only." };
  return undefined;
}

function secret(): string {
  return randomBytes(32).toString("base64url");
}

/** In a time that tells nothing about where they differ. */
function equal(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
