import { QueuescopeError } from "../../../core/index.ts";
import { ENDED, type Violation, violationOf } from "./status.ts";

/** How people may see a connection in errors. */
export interface Named {
  /** Servers, without secrets. */
  readonly url: string;
  /** How it logs in, for example `the credentials file ~/a.creds`; never the secret. */
  readonly login: string;
}

/** Why a first connection failed. */
export function connectFailure(error: unknown, { url, login }: Named, timeout: number): QueuescopeError {
  const { text, code, cause } = facts(error);
  const failed = (kind: "unavailable" | "permission-denied" | "invalid-input", message: string): QueuescopeError => new QueuescopeError(kind, message, { cause: error });
  if (/certificate required|bad certificate|unknown ca/i.test(`${text} ${cause}`)) return failed("permission-denied", `${url} wants a client certificate that it trusts. Give the files cert and key of one that its authority has signed.`);
  if (/authentication expired|account authentication expired/i.test(text)) return failed("permission-denied", `${url} says that ${login} has expired. Get a new one.`);
  if (text.includes(ENDED)) return failed("unavailable", `${url} ended the connection before it let us in (${text.slice(text.indexOf(ENDED) + ENDED.length).trim()}). It may be shutting down, distrust the client certificate, or not be a NATS server: look at its log.`);
  if (/authorization violation|AUTHORIZATION_VIOLATION|authentication timeout/i.test(text)) {
    return failed("permission-denied", login === "" ? `${url} wants to know who connects, but no user, token, creds or nkey is given. Give one, or choose a context of the nats CLI.` : `${url} refuses ${login}. Correct it, or ask who runs the server for access.`);
  }
  if (/unable to parse credentials/i.test(text)) return failed("invalid-input", `What ${login} holds isn't credentials: it should have a block NATS USER JWT and a block USER NKEY SEED. Make it again with \`nsc generate creds\`.`);
  if (/invalid (seed|checksum|prefix|encoded)|illegal|nkeys/i.test(`${code} ${text}`) && /nkey|seed|jwt/i.test(login)) return failed("invalid-input", `What ${login} holds isn't the seed of a user (it begins with SU). Name the file that \`nk -gen user\` or nsc made.`);
  if (/does not support 'tls'|'tls'.*not available/i.test(text)) return failed("unavailable", `${url} speaks no TLS, and this connection insists on it. Write nats:// instead of tls:// and leave out ca, cert and key, or turn TLS on at the server.`);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return failed("unavailable", `The certificate of ${url} is for another name: ${text}. Connect by a name that is in it.`);
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_/.test(code)) return failed("unavailable", `The certificate of ${url} isn't trusted (${text}). Give the certificate authority's file as ca.`);
  if (/^ERR_(SSL|OSSL|TLS)|EPROTO/.test(code)) return failed("unavailable", `TLS with ${url} failed (${text}). If the server wants TLS from the first byte, set tlsFirst; if it has none, use nats://.`);
  if (/doesn't exist|no such file|ENOENT/i.test(text)) return failed("invalid-input", `A file of the connection can't be read: ${text}.`);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return failed("unavailable", `No address is known for the host of ${url}. Correct the name, or look whether this machine is online.`);
  if (code === "ECONNREFUSED" || /connection refused/i.test(text)) return failed("unavailable", `No NATS server listens at ${url} (connection refused). Start one with \`nats-server -js\`, or correct the URL.`);
  if (/timeout|TIMEOUT/.test(text)) return failed("unavailable", `${url} didn't answer within ${timeout / 1000} s. Look whether host and port are right, and whether a firewall is between; where the server wants TLS from the first byte, set tlsFirst.`);
  return failed("unavailable", `${url} can't be reached: ${text}.`);
}

/** Why one request, publication or subscription failed; the connection goes on. `subject` is the one that was asked. */
export function requestFailure(error: unknown, subject: string, { url, login, prefix, inboxPrefix }: Named & { readonly prefix: string; readonly inboxPrefix: string }): QueuescopeError {
  if (error instanceof QueuescopeError) return error;
  const violation = violationOf(error);
  if (violation !== undefined) return violationError(violation, { url, login, prefix, inboxPrefix }, error);
  const { name, code, text } = facts(error);
  const failed = (kind: "unavailable" | "unsupported" | "invalid-input" | "payload-too-large", message: string, ended = false): QueuescopeError => new QueuescopeError(kind, message, { cause: error, ended });
  if (name === "NoResponders" || code === "503" || /no responders/i.test(text)) {
    return subject.startsWith(`${prefix}.`) ? failed("unsupported", jetStreamOff(url, prefix)) : failed("unavailable", `Nobody answers on ${subject} at ${url}.`);
  }
  if (/ClosedConnection|DrainingConnection|CONNECTION_CLOSED|CONNECTION_DRAINING|connection (is )?(closed|draining)|closed connection/i.test(`${name} ${code} ${text}`)) return failed("unavailable", `The connection to ${url} is closed. Connect again.`, true);
  if (/MAX_PAYLOAD|max_payload/i.test(`${code} ${text}`)) return failed("payload-too-large", `The message is larger than ${url} takes (max_payload). Send less, or raise max_payload in the server's configuration.`);
  if (/illegal subject|BAD_SUBJECT|invalid subject/i.test(`${code} ${text}`)) return failed("invalid-input", `${JSON.stringify(subject)} isn't a subject of NATS: tokens between single dots, without blanks.`);
  if (/timeout/i.test(`${name} ${code} ${text}`)) return failed("unavailable", `${url} didn't answer on ${subject} in time. It may be restarting or choosing a leader: try again.`);
  return failed("unavailable", `A request to ${url} on ${subject} failed: ${text}.`);
}

/** The one feature that is lost, and what to grant to have it. */
export function violationError({ operation, subject, queue }: Violation, { url, login, prefix, inboxPrefix }: Named & { readonly prefix: string; readonly inboxPrefix: string }, cause?: unknown): QueuescopeError {
  const family = [prefix, inboxPrefix, /^qs(-[a-z])?(?=\.)/.exec(subject)?.[0]].find((start) => start !== undefined && subject.startsWith(`${start}.`));
  const grant = family === undefined ? subject : `${family}.>`;
  const who = login === "" ? "This connection" : capital(login);
  const [verb, list] = operation === "publish" ? ["publish to", "publish"] : ["subscribe to", "subscribe"];
  const inQueue = queue === undefined ? "" : ` in the queue group ${queue}`;
  return new QueuescopeError("permission-denied", `${who} may not ${verb} ${subject}${inQueue} at ${url}. To have this, grant it ${list}: ["${grant}"]; everything else goes on.`, { cause });
}

export function jetStreamOff(url: string, prefix: string): string {
  if (prefix !== "$JS.API") return `No JetStream answers at ${url} under ${prefix}. Look whether the domain or API prefix is right, whether that server runs with JetStream, and whether the leaf node's connection stands.`;
  return `JetStream is off at ${url}. Start the server with \`nats-server -js\`, or put \`jetstream {}\` into its configuration; with accounts, into the account too.`;
}

interface Facts {
  readonly name: string;
  readonly text: string;
  readonly code: string;
  /** What the causes say. */
  readonly cause: string;
}

/** Of an error of either package: 2.x has codes and chained errors, 3.x has classes and causes. */
function facts(error: unknown): Facts {
  const { name = "", message, code = "", cause, chainedError } = (error ?? {}) as { name?: string; message?: string; code?: string | number; cause?: unknown; chainedError?: unknown };
  const text = message ?? String(error);
  const inner = cause ?? chainedError;
  if (inner === undefined || inner === null) return { name, text, code: String(code), cause: "" };
  const below = facts(inner);
  return { name: name === "RequestError" ? below.name : name, text, code: code === "" || chainedError !== undefined ? below.code || String(code) : String(code), cause: `${below.text} ${below.cause}` };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
