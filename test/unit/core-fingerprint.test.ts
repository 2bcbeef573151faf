import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorFingerprint, firstLine } from "../../src/core/index.ts";

/** Each of the errors has this fingerprint. */
function same(fingerprint: string, ...errors: string[]): void {
  assert.deepEqual(errors.map((error) => errorFingerprint(error)), errors.map(() => fingerprint));
}

describe("the fingerprint of an error", () => {
  it("leaves out numbers, with their units and signs", () => {
    same("Order <number> timed out after <number>", "Order 17 timed out after 30s", "Order 18 timed out after 250ms", "Order 1,234,567 timed out after 1.5h", "Order -1 timed out after 2e9");
    same("customer-<number> is blocked", "customer-7 is blocked", "customer-1234 is blocked");
    same("<number>% of <number>", "50% of 12MB", "7.5% of 3GiB");
  });

  it("keeps words and codes that have digits in them", () => {
    for (const error of ["invalid utf8 in x509", "E11000 duplicate key", "ERR_HTTP2_STREAM closed", "error TS2345: not assignable", "deadbeefed facade added"]) same(error, error);
  });

  it("leaves out uuids and ids in hexadecimal", () => {
    same("no user <uuid>", "no user 6f9619ff-8b86-d011-b42d-00cf4fc964ff", "no user 00000000-0000-0000-0000-000000000000", "no user 6F9619FF-8B86-D011-B42D-00CF4FC964FF");
    same("commit <id> at <id>", "commit 1a17162ab0677ad224ad2c1522022fd37e77b16f at 0x7ffee", "commit cc091d37 at 0x0");
    same("token <id> expired", "token a8Kd92mZpQ0cVb7x expired", "token 01ARZ3NDEKTSV4RRFFQ69G5FAV expired");
  });

  it("leaves out quoted text, whatever the quotes, but no apostrophes", () => {
    same("no column <text> in <text>", "no column 'a b' in \"t\"", "no column `x` in 'o\\'clock'", "no column “x” in «y»");
    same("can't read what isn't there", "can't read what isn't there");
    same("Unexpected token < in JSON at <number>", "Unexpected token < in JSON at 0", "Unexpected token < in JSON at 812");
  });

  it("leaves out times", () => {
    same("not before <time>", "not before 2026-01-31", "not before 2026-01-31T12:00:00Z", "not before 2026-01-31 12:00:00.123456+02:00", "not before 12:00:01");
    same("late since <time>", "late since Sun Nov 22 2026 05:06:41 GMT+0000", "late since Mon, 23 Nov 2026 05:06:41 GMT");
  });

  it("leaves out paths, with the line", () => {
    same("can't open <path>", "can't open /var/lib/a.db", "can't open ./data/b.json:12:3", "can't open ~/x/y", "can't open C:\\Users\\me\\file.txt", "can't open ../x");
    same("and/or, 1st/2nd of n/a", "and/or, 1st/2nd of n/a");
  });

  it("leaves out addresses", () => {
    same("connect ECONNREFUSED <address>", "connect ECONNREFUSED 127.0.0.1:5432", "connect ECONNREFUSED ::1:5432", "connect ECONNREFUSED [::1]:4222", "connect ECONNREFUSED db.example.org:5432", "connect ECONNREFUSED localhost:80");
    same("GET <address> failed", "GET https://example.org/orders/17?x=1 failed", "GET nats://user@host:4222 failed");
    same("no mailbox <address>", "no mailbox a.b+c@example.org", "no mailbox x@mail.example.com");
    same("Error: <number> of them", "Error: 12 of them");
  });

  it("is of the first line with text, and of nothing else", () => {
    same("Error: boom", "Error: boom\n    at run (/app/a.js:1:2)", "\n\n  Error:   boom  \r\nmore");
    same("", "", "  \n ");
    assert.equal(errorFingerprint(null), "");
    assert.equal(firstLine("\n a \nb"), "a");
  });

  it("takes no longer for a long line that was made to be slow", () => {
    for (const evil of ["'".repeat(100_000), "/a".repeat(100_000), "a:".repeat(100_000), "1.".repeat(100_000), "a.".repeat(100_000), "\\\"".repeat(100_000), "f1".repeat(100_000)]) assert.ok(errorFingerprint(evil).length <= 10_000);
  });
});
