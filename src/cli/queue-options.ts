import { OPTION_SPECS } from "../core/index.ts";
import type { OptionSpec, QueueOptions } from "../core/index.ts";

/** The value of an option as --set takes it; empty when it has none. */
export function shownOption(spec: OptionSpec, options: QueueOptions): string {
  const value = options[spec.name];
  return value === null ? "" : spec.show(value);
}

export interface OptionChange {
  readonly option: string;
  readonly from: string;
  readonly to: string;
}

export function optionChanges(before: QueueOptions, after: QueueOptions): OptionChange[] {
  return OPTION_SPECS.flatMap((spec) => {
    const [from, to] = [shownOption(spec, before), shownOption(spec, after)];
    return from === to ? [] : [{ option: spec.name, from, to }];
  });
}

/** `5m -> 30s` */
export function changeText({ from, to }: OptionChange): string {
  return `${from || "none"} -> ${to || "none"}`;
}
