/** The model, free of I/O. What every other layer speaks in. */
export * from "./backoff.ts";
export type * from "./broker.ts";
export * from "./crypt.ts";
export * from "./duration.ts";
export * from "./errors.ts";
export * from "./input.ts";
export * from "./message.ts";
export * from "./names.ts";
export * from "./options.ts";
export * from "./payload.ts";
export type * from "./port/index.ts";
export * from "./request.ts";
export * from "./settlement.ts";
export * from "./subjects.ts";
export * from "./trace-level.ts";
export * from "./time.ts";
