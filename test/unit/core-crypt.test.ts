import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { Crypt, isSealed, readKeys } from "../../src/core/index.ts";
import { isQueuescopeError } from "../../src/core/index.ts";

const [current, older] = [randomBytes(32), randomBytes(32)];

describe("sealed bytes", () => {
  it("come out as they went in, encrypted or not, whatever they begin with", () => {
    const crypt = new Crypt([current]);
    for (const plain of [Buffer.alloc(0), Buffer.from("{}"), Buffer.of(0xff), Buffer.of(0xff, 0x00), Buffer.of(0xff, 0x01, 2, 3), randomBytes(70_000)]) {
      for (const encrypt of [true, false]) assert.deepEqual(Buffer.from(crypt.unseal(crypt.seal(plain, encrypt))), plain);
    }
  });

  it("say whether they are encrypted, and never hold the plain bytes then", () => {
    const crypt = new Crypt([current]);
    const secret = Buffer.from("a card number");
    assert.equal(isSealed(crypt.seal(secret, true)), true);
    assert.equal(isSealed(crypt.seal(Buffer.of(0xff, 0x01), false)), false);
    assert.equal(Buffer.from(crypt.seal(secret, true)).includes(secret), false);
    assert.notDeepEqual(crypt.seal(secret, true), crypt.seal(secret, true), "the same text twice looks different");
  });

  it("stay readable after the key has changed, while the old one is given too", () => {
    const sealed = new Crypt([older]).seal(Buffer.from("x"), true);
    assert.equal(Buffer.from(new Crypt([current, older]).unseal(sealed)).toString(), "x");
    assert.throws(() => new Crypt([current]).unseal(sealed), (error) => isQueuescopeError(error, "encryption-key-missing"));
  });

  it("are never written without a key, and refused when they were changed", () => {
    assert.throws(() => new Crypt([]).seal(Buffer.from("x"), true), (error) => isQueuescopeError(error, "encryption-key-missing"));
    const sealed = Buffer.from(new Crypt([current]).seal(Buffer.from("x"), true));
    sealed.writeUInt8(sealed.readUInt8(sealed.length - 1) ^ 1, sealed.length - 1);
    assert.throws(() => new Crypt([current]).unseal(sealed), (error) => isQueuescopeError(error, "corrupt"));
  });
});

describe("encryption keys", () => {
  it("are lists of 64 hexadecimal digits", () => {
    assert.deepEqual(readKeys(`${current.toString("hex")}, ${older.toString("hex").toUpperCase()}`), [current, older]);
    assert.deepEqual([readKeys(undefined), readKeys(""), readKeys(" , ")], [[], [], []]);
    for (const bad of ["secret", "0".repeat(63), "g".repeat(64)]) {
      assert.throws(() => readKeys(bad), (error) => isQueuescopeError(error, "invalid-input") && !error.message.includes(bad));
    }
  });
});
