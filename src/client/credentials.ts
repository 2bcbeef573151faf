import type { NatsOptions } from "../brokers/jetstream/index.ts";

/** A login for QUEUESCOPE_URL, and for no other place. */
export const CREDENTIALS = "QUEUESCOPE_CREDENTIALS";

export type Login = Pick<NatsOptions, "password" | "creds" | "nkey" | "token">;

/**
 * Options that log in to a NATS URL with a secret that is kept elsewhere: the password of the user that the URL names; else,
 * by what it looks like, the text of a .creds file, the seed of an nkey, or a token.
 */
export function loginWith(url: string, secret: string): Login {
  // As a value of its own, whatever it looks like: a secret is no reference to another one.
  const value = `data:;base64,${Buffer.from(secret.trim()).toString("base64")}`;
  if (userOf(url) !== undefined) return { password: value };
  if (secret.includes("BEGIN NATS USER JWT")) return { creds: value };
  return /^S[A-Z0-9]{50,}$/.test(secret.trim()) ? { nkey: value } : { token: value };
}

/** The login that the environment has for a URL. It is for QUEUESCOPE_URL alone, so that no other server ever gets it. */
export function environmentLogin(url: string): Login {
  const secret = process.env[CREDENTIALS];
  return secret === undefined || secret === "" || url !== process.env["QUEUESCOPE_URL"] ? {} : loginWith(url, secret);
}

/** A URL as it may be stored, and the password or token that stood in it. */
export function withoutSecret(url: string): { readonly url: string; readonly secret: string | undefined } {
  const user = userOf(url);
  if (user === undefined) return { url, secret: undefined };
  const colon = user.indexOf(":");
  const secret = decodeURIComponent(user.slice(colon + 1));
  const shown = colon < 0 ? "" : `${user.slice(0, colon)}@`;
  return { url: url.replaceAll(`${user}@`, shown), secret };
}

/** The servers of a URL: who may get what was stored for it. */
export function serversOf(url: string): string {
  return (url.split("?")[0] ?? "").replaceAll(/[^/,@]*@/g, "").toLowerCase();
}

/** What stands before the first `@`, which no setting after the `?` counts as. */
function userOf(url: string): string | undefined {
  return /^[a-z]+:\/\/([^/,@?]+)@/i.exec(url)?.[1];
}
