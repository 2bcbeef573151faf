import assert from "node:assert/strict";
import { it } from "node:test";
import { newToken } from "../../src/core/index.ts";
import { parseReceipt, receiptText } from "../../src/brokers/local/receipts.ts";
import { isQueuescopeError } from "../../src/core/index.ts";

it("a receipt says its lease, secret and message, and never looks like an option", () => {
  for (const [lease, id, alias] of [[1, 2 ** 36 + 1, null], [2 ** 52, 2 ** 53 - 1, 2 ** 53 - 5]] as const) {
    const token = newToken();
    const text = receiptText(lease, token, id, alias);
    assert.deepEqual(parseReceipt(text), { lease, token, id, alias });
    assert.match(text, /^[0-9a-z][\w.-]*$/);
  }
});

it("secrets of receipts are all different", () => {
  assert.equal(new Set(Array.from({ length: 2_000 }, newToken)).size, 2_000);
});

it("what is no receipt is refused with the field named", () => {
  for (const bad of ["", "x", "1.2", "1.2.short", "1.2.3.4.5.aaaaaaaaaaaaaaaa", "1.2.aaaaaaaaaaaaaaaa", "1.2.3aaaaaaaaaaaaaaaa", "1..3.aaaaaaaaaaaaaaaa", "1.2.A.aaaaaaaaaaaaaaaa", "1.2.3.aaaaaaa.aaaaaaaa", " 1.2.aaaaaaaaaaaaaaaa", null, 7]) {
    assert.throws(() => parseReceipt(bad), (error) => isQueuescopeError(error, "invalid-input") && error.field === "receipt", JSON.stringify(bad));
  }
});
