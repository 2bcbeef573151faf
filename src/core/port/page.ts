/** A page of something, in a stable order. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `after` to continue; `null` at the end. A page may be short, even empty, and still have a next one. */
  readonly next: string | null;
}

export interface PageRequest {
  readonly after?: string | undefined;
  /** Default 100, at most 1000. */
  readonly limit?: number | undefined;
}
