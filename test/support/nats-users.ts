/** An operator, an account and a user of NATS's JWT authentication, as nsc would make them. */
import { createAccount, createOperator, createUser, type KeyPair } from "@nats-io/nkeys";

export interface JwtUser {
  /** Configuration of a server that trusts the operator. */
  readonly config: string;
  readonly seed: string;
  /** @param expires seconds since 1970, after which the server turns the user away */
  jwt(expires?: number): string;
  /** Content of a .creds file. */
  creds(expires?: number): string;
}

export function makeJwtUser(): JwtUser {
  const [operator, account, user] = [createOperator(), createAccount(), createUser()];
  const operatorJwt = encoded(operator, operator, { type: "operator", version: 2 });
  const accountJwt = encoded(account, operator, { type: "account", version: 2, limits: { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 } });
  const seed = new TextDecoder().decode(user.getSeed());
  const jwt = (expires?: number): string => encoded(user, account, { type: "user", version: 2, pub: {}, sub: {}, subs: -1, data: -1, payload: -1 }, expires);
  return {
    config: `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: { ${account.getPublicKey()}: ${accountJwt} }\n`,
    seed,
    jwt,
    creds: (expires) => `-----BEGIN NATS USER JWT-----\n${jwt(expires)}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  };
}

function encoded(subject: KeyPair, issuer: KeyPair, nats: object, exp?: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { jti: crypto.randomUUID(), iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(), sub: subject.getPublicKey(), name: "test", nats, ...(exp === undefined ? {} : { exp }) };
  const text = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(claims)}`;
  return `${text}.${Buffer.from(issuer.sign(new TextEncoder().encode(text))).toString("base64url")}`;
}
