/** The closed list of error codes (contract, point 17). */
export const ERROR_CODES = [
  "invalid-input",
  "queue-not-found",
  "queue-exists",
  "queue-full",
  "message-not-found",
  "lease-lost",
  "leased",
  "payload-too-large",
  "partial-push",
  "encryption-key-missing",
  "read-only",
  "unsupported",
  "unavailable",
  "permission-denied",
  "busy",
  "storage-full",
  "corrupt",
  "version-unsupported",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  /** The input field that was refused, for `invalid-input`. */
  field?: string;
  queue?: string;
  /** Ids of what had been stored before the failure, for `partial-push`. */
  stored?: readonly string[];
  /** For `unavailable`: this connection has ended, so trying again is of no use. */
  ended?: boolean;
  cause?: unknown;
}

/**
 * The one error class of Queuescope. `message` is written for people: what happened, with which
 * name and value, and what to do next.
 */
export class QueuescopeError extends Error {
  override readonly name = "QueuescopeError";
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly queue: string | undefined;
  readonly stored: readonly string[];
  readonly ended: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.field = details.field;
    this.queue = details.queue;
    this.stored = details.stored ?? [];
    this.ended = details.ended ?? false;
  }

  /** The shape the CLI prints with `--json` and the HTTP server answers. */
  toJSON(): { code: ErrorCode; message: string; field?: string; stored?: readonly string[] } {
    return {
      code: this.code,
      message: this.message,
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.stored.length === 0 ? {} : { stored: this.stored }),
    };
  }
}

export function invalidInput(field: string, message: string): QueuescopeError {
  return new QueuescopeError("invalid-input", message, { field });
}

/** By its name: the extension's entry and the modules it loads later are bundled apart, each with a class of its own. */
export function isQueuescopeError(error: unknown, code?: ErrorCode): error is QueuescopeError {
  return error instanceof Error && error.name === "QueuescopeError" && "code" in error && (code === undefined || error.code === code);
}
