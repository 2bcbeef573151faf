import { invalidInput } from "./errors.ts";
import { checkedFilter, checkedObject } from "./filters.ts";
import type { MessageState } from "./message.ts";
import { queueName } from "./names.ts";
import type { QueueOptions } from "./options.ts";
import type { DeadLetterFilter } from "./port/inspect.ts";
import type { GroupStart } from "./port/messages.ts";
import type { PurgeFilter, RedriveRequest } from "./port/repair.ts";
import { instant } from "./time.ts";

/** @throws invalid-input naming the field */
export function checkedPurge<T extends PurgeFilter>(filter: T): T {
  const { state } = checkedFilter<{ readonly state?: MessageState }>(filter);
  if (state === "dead") throw invalidInput("state", "Messages that died aren't purged by their state: discard their dead letters, or remove the messages by their ids.");
  return filter;
}

/** @throws invalid-input */
export function checkedStart(to: GroupStart): GroupStart {
  return to === "all" || to === "new" ? to : instant(to, "to");
}

/** @throws invalid-input naming the field */
export function checkedRedrive(request: RedriveRequest): void {
  checkedObject(request);
  checkedObject(request.filter, "filter");
  if (request.to !== undefined) queueName(request.to, "to");
  checkedFilter({ ...request.filter, partition: request.partition });
}

/** Named ones that were redriven before are answered as such; a filter passes them over. */
export function redriveFilter({ filter, again }: RedriveRequest): DeadLetterFilter {
  return again === true || filter.ids !== undefined ? filter : { redriven: false, ...filter };
}

/** @throws invalid-input when one edit would go to several dead letters */
export function checkRedriveEdit({ payload, headers }: RedriveRequest, several: boolean): void {
  if (several && (payload !== undefined || headers !== undefined)) throw invalidInput("filter", "Only one dead letter at a time can be edited and redriven, but more than one matches. Give its id.");
}

interface Named {
  readonly name: string;
  readonly options: QueueOptions;
}

/** A queue may have left encryption since its dead letters died. @throws invalid-input */
export function checkRedriveSecrecy(source: Named, target: Named, anySealed: boolean, { plaintext }: RedriveRequest): void {
  if (target.options.encryptionEnabled || plaintext === true) return;
  if (!source.options.encryptionEnabled && !anySealed) return;
  throw invalidInput("plaintext", `Dead letters of ${source.name} are encrypted and the queue ${target.name} is not, so the data would be stored readable. Allow it with plaintext (--plaintext), or redrive to an encrypted queue.`);
}
