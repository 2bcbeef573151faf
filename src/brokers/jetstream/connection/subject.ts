import { invalidInput } from "../../../core/index.ts";

/**
 * A subject that may be sent to a server as it is: one with a blank in it would be read as two things, and end the connection.
 * @throws invalid-input
 */
export function checkSubject(subject: string, field = "subject", { wildcards = false } = {}): string {
  const tokens = typeof subject === "string" ? subject.split(".") : [""];
  const fine = tokens.every((token, i) => (token === "*" || token === ">" ? wildcards && (token === "*" || i === tokens.length - 1) : token !== "" && !/[\s\p{Cc}]/u.test(token)));
  if (fine) return subject;
  throw invalidInput(field, `${field} is ${JSON.stringify(subject)}, which isn't a subject${wildcards ? "" : " to publish to"}: words between single dots, without blanks${wildcards ? "; * stands for one word, > at the end for all that follow" : ", * and >"}.`);
}
