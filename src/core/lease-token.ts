import { randomFillSync } from "node:crypto";

const BYTES = 12;
const pool = Buffer.alloc(BYTES * 256);
let used = pool.length;

/** The secret of a receipt: 96 random bits, asked of the system for many at a time. */
export function newToken(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += BYTES;
  return pool.toString("base64url", used - BYTES, used);
}
