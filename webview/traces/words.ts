import type { TraceRow, TraceStep } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";
import { duration } from "../parts/format.ts";

/** What a step is, in a few words. */
export function stepName({ kind, attempt, end, worker }: TraceStep): string {
  switch (kind) {
    case "scheduled":
      return t("scheduled");
    case "waiting":
      return t("waiting");
    case "leased":
      return attempt === null ? t("leased") : t("attempt {0}", attempt);
    case "retrying":
      return t("retry delay");
    case "dead":
      return t("dead letter");
    case "completed":
      return t("completed");
    case "unrecorded":
      if (attempt !== null) return t("waiting and attempt {0}", attempt);
      return end === "leased" || worker !== null ? t("waiting and leased") : t("waiting and work");
  }
}

/** How a step ended, or that it goes on. */
export function endName({ kind, end, to }: TraceStep): string {
  switch (end) {
    case null:
      return to === null ? t("goes on") : "";
    case "acked":
      return t("acked");
    case "nacked":
      return t("failed");
    case "expired":
      return kind === "leased" || kind === "unrecorded" ? t("its lease ran out") : t("expired");
    case "released":
      return t("released");
    case "dead":
      return t("became a dead letter");
    case "redriven":
      return t("redriven");
    case "removed":
      return t("removed");
    case "dropped":
      return t("dropped");
    default:
      return "";
  }
}

/** Milliseconds; `null`: its end isn't recorded. */
export function lasted({ from, to, end }: TraceStep, now: number): number | null {
  if (to !== null) return to - from;
  return end === null ? Math.max(0, now - from) : null;
}

export function lastedText(step: TraceStep, now: number): string {
  const ms = lasted(step, now);
  return ms === null ? t("unknown") : duration(ms);
}

/** `attempt 2 of m1-7 in orders by w1`. */
export function stepPlace(step: TraceStep, row: TraceRow): string {
  const what = t("{0} of {1} in {2}", stepName(step), row.messageId, row.queue);
  return step.worker === null ? what : t("{0} by {1}", what, step.worker);
}

/** Everything of a step, for those who don't see it. */
export function stepLabel(step: TraceStep, row: TraceRow, now: number): string {
  return [stepPlace(step, row), lastedText(step, now), endName(step), step.error ?? ""].filter((part) => part !== "").join(", ");
}
