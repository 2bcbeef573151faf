import { isoTime, QueuescopeError } from "../core/index.ts";
import type { Failure, RenewResult, Settlement, SettleResult } from "../core/index.ts";
import type { JsonRecord } from "../client/transfer/json.ts";
import type { Session } from "./session.ts";
import { columns, timeText } from "./text.ts";

/** What ack, nack, release, dead and renew share: a row for each receipt. */

export function failure(text: string | undefined): Failure | undefined {
  return text === undefined ? undefined : { message: text };
}

export async function settle(session: Session, settlements: readonly Settlement[]): Promise<void> {
  const broker = await session.existing();
  const now = Date.now();
  answer(session, await broker.messages.settle(settlements),
    (result) => ({ id: result.messageId, outcome: result.outcome, retryAt: result.retryAt === null ? null : isoTime(result.retryAt), deadLetterId: result.deadLetterId }),
    (result) => `${result.messageId}  ${outcomeText(result, now)}`);
}

type Settled = Extract<SettleResult, { ok: true }>;

function outcomeText({ outcome, retryAt, deadLetterId }: Settled, now: number): string {
  if (outcome === "retrying" && retryAt !== null) return `retried ${timeText(retryAt, now)}`;
  if (outcome === "dead" && deadLetterId !== null) return `dead letter ${deadLetterId}`;
  return outcome;
}

type Result = SettleResult | RenewResult;

/** A row a receipt, those that were refused too; then one error if any was. */
export function answer<R extends Result>(session: Session, results: readonly R[], json: (result: Extract<R, { ok: true }>) => JsonRecord, text: (result: Extract<R, { ok: true }>) => string): void {
  const worked = (result: R): result is Extract<R, { ok: true }> => result.ok;
  const refused = results.flatMap((result) => (result.ok ? [] : [result.error]));
  session.out.show(
    results.map((result) => (worked(result) ? { receipt: result.receipt, ok: true, ...json(result) } : { receipt: result.receipt, ok: false, ...errorJson(result) })),
    // A single refusal is told once, as the error.
    () => (results.length === 1 && refused.length === 1 ? [] : columns(results.map((result) => [shortened(result.receipt), worked(result) ? text(result) : session.out.paint("red", `refused: ${errorOf(result)}`)]), session.out.width)),
  );
  const [first] = refused;
  if (first === undefined) return;
  session.fail(results.length === 1 ? first : new QueuescopeError(first.code, `${refused.length} of ${results.length} receipts were refused; the rows above say why.`));
}

function errorJson(result: Result): JsonRecord {
  return result.ok ? {} : { error: { code: result.error.code, message: result.error.message } };
}

function errorOf(result: Result): string {
  return result.ok ? "" : result.error.code;
}

/** Receipts are long; their beginning tells them apart on a screen. */
function shortened(receipt: string): string {
  return receipt.length > 16 ? `${receipt.slice(0, 15)}…` : receipt;
}
