import { credsAuthenticator, jwtAuthenticator, nkeyAuthenticator, tokenAuthenticator, usernamePasswordAuthenticator, type Authenticator } from "@nats-io/transport-node";
import { invalidInput } from "../../../core/index.ts";
import type { ConnectionOptions } from "./options.ts";
import { expandedPath, fileSecret, literalSecret, type Secret, type Surroundings } from "./secrets.ts";

export interface Login {
  readonly authenticators: Authenticator[];
  /** For people, without the secret; empty when there is none. */
  readonly shown: string;
}

/** Ways to log in, of which one is used; a token may come with each. */
export const LOGINS = ["user", "creds", "nkey", "jwt", "token"] as const;

/** @throws invalid-input when a secret can't be found; permission-denied when a program may not run */
export async function login(options: ConnectionOptions, around: Surroundings): Promise<Login> {
  const { user, password, token, creds, nkey, jwt, seed } = options;
  if (user !== undefined) {
    const [name, word] = [await literalSecret(user, "the user", around), await literalSecret(password ?? "", "the password", around)];
    return { authenticators: [usernamePasswordAuthenticator(name, word)], shown: `the user ${name()}` };
  }
  if (creds !== undefined) {
    const text = await fileSecret(creds, "the credentials", around);
    return { authenticators: [lasting(text, (now) => credsAuthenticator(bytes(`${now}\n`)))], shown: `the credentials of ${shownSource(creds, around)}` };
  }
  if (nkey !== undefined) {
    const text = await fileSecret(nkey, "the nkey's seed", around);
    return { authenticators: [lasting(text, (now) => nkeyAuthenticator(bytes(seedIn(now))))], shown: `the nkey of ${shownSource(nkey, around)}` };
  }
  if (jwt !== undefined) {
    if (seed === undefined) throw invalidInput("seed", "A jwt needs the seed of its user. Give seed too, or a credentials file with both as creds.");
    const [card, key] = [await literalSecret(jwt, "the JWT", around), await literalSecret(seed, "the JWT's seed", around)];
    return { authenticators: [jwtAuthenticator(card, () => bytes(key().trim()))], shown: "the JWT" };
  }
  if (token !== undefined) {
    const word = await literalSecret(token, "the token", around);
    return { authenticators: [tokenAuthenticator(word)], shown: "the token" };
  }
  if (password !== undefined) throw invalidInput("user", "There is a password, but no user. Give user too.");
  if (seed !== undefined) throw invalidInput("jwt", "There is a seed, but no jwt. Give jwt too; for an nkey alone, name its file as nkey.");
  return { authenticators: [], shown: "" };
}

/** A file that holds half of something while it is being written must not end the connection: what was good last is used. */
function lasting(secret: Secret, make: (text: string) => Authenticator): Authenticator {
  let good: string | undefined;
  return (nonce) => {
    const now = secret();
    try {
      const answer = make(now)(nonce);
      good = now;
      return answer;
    } catch (error) {
      if (good === undefined) throw error;
      return make(good)(nonce);
    }
  };
}

/** A seed file may have comments or a frame around the seed. */
function seedIn(text: string): string {
  return /^S[A-Z0-9]{50,}$/m.exec(text)?.[0] ?? text;
}

function shownSource(value: string, around: Surroundings): string {
  if (value.startsWith("data:")) return "the value given";
  return /^(env|op|nsc):\/\//.test(value) ? value : expandedPath(value, around);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
