import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { invalidInput, QueuescopeError } from "./errors.ts";

/**
 * Stored bytes say themselves whether they are encrypted: valid UTF-8 never begins with 0xFF, and other
 * bytes that do are escaped. 0xFF 0x01, key id (4), nonce (12), tag (16), AES-256-GCM; 0xFF 0x00, plain bytes.
 */
const MARK = 0xff;
const PLAIN = 0x00;
const SEALED = 0x01;
const KEY_ID = 4;
const NONCE = 12;
const TAG = 16;
const HEAD = 2 + KEY_ID + NONCE + TAG;

interface Key {
  readonly id: Buffer;
  readonly secret: Buffer;
}

/** Keeps payloads, headers and errors of encrypted queues unreadable at rest. */
export class Crypt {
  readonly #keys: readonly Key[];

  /** @param keys the current one first; later ones only read what was written with them */
  constructor(keys: readonly Buffer[]) {
    this.#keys = keys.map((secret) => ({ secret, id: createHash("sha256").update("queuescope key id").update(secret).digest().subarray(0, KEY_ID) }));
  }

  get available(): boolean {
    return this.#keys.length > 0;
  }

  /** @throws encryption-key-missing */
  seal(plain: Uint8Array, encrypt: boolean): Uint8Array {
    if (!encrypt) return plain[0] === MARK ? Buffer.concat([Buffer.of(MARK, PLAIN), plain]) : plain;
    const key = this.#keys[0];
    if (key === undefined) throw missing("This queue is encrypted, and no key is set.");
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv("aes-256-gcm", key.secret, nonce);
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.of(MARK, SEALED), key.id, nonce, cipher.getAuthTag(), body]);
  }

  /** @throws encryption-key-missing, corrupt */
  readonly unseal = (stored: Uint8Array): Uint8Array => {
    if (stored[0] !== MARK) return stored;
    if (stored[1] === PLAIN) return stored.subarray(2);
    const id = stored.subarray(2, 2 + KEY_ID);
    const key = this.#keys.find((candidate) => candidate.id.equals(id));
    if (key === undefined) throw missing(`This was encrypted with the key ${Buffer.from(id).toString("hex")}, which is not set.`);
    const decipher = createDecipheriv("aes-256-gcm", key.secret, stored.subarray(2 + KEY_ID, 2 + KEY_ID + NONCE), { authTagLength: TAG });
    decipher.setAuthTag(stored.subarray(HEAD - TAG, HEAD));
    try {
      return Buffer.concat([decipher.update(stored.subarray(HEAD)), decipher.final()]);
    } catch (cause) {
      throw new QueuescopeError("corrupt", "Encrypted data doesn't match its check: it was damaged or changed by somebody without the key.", { cause });
    }
  };

  sealText(text: string, encrypt: boolean): Uint8Array {
    return this.seal(Buffer.from(text), encrypt);
  }

  /** Words of our own, which tell nothing of anybody's data: readable where no key is set, so that everybody can keep house. */
  sealOwn(text: string, encrypt: boolean): Uint8Array {
    return this.sealText(text, encrypt && this.available);
  }

  unsealText(stored: Uint8Array): string {
    return Buffer.from(this.unseal(stored)).toString();
  }
}

export function isSealed(stored: Uint8Array): boolean {
  return stored[0] === MARK && stored[1] === SEALED;
}

/** Keys as QUEUESCOPE_ENCRYPTION_KEY has them: 64 hex digits each, the current one first. @throws invalid-input */
export function readKeys(text: string | undefined): Buffer[] {
  return (text ?? "").split(",").map((key) => key.trim()).filter((key) => key !== "").map((key) => {
    if (!/^[0-9a-f]{64}$/i.test(key)) throw invalidInput("encryptionKey", `An encryption key must be 64 hexadecimal digits (32 bytes), but one that was given is not: it has ${key.length} characters. Make one with: openssl rand -hex 32`);
    return Buffer.from(key, "hex");
  });
}

function missing(what: string): QueuescopeError {
  return new QueuescopeError("encryption-key-missing", `${what} Set QUEUESCOPE_ENCRYPTION_KEY to its 64 hexadecimal digits (several keys: separated by commas, the current one first).`);
}
