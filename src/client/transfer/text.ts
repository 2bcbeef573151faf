import { invalidInput } from "../../core/index.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `undefined` for what is no UTF-8. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** @throws invalid-input */
export function bytesOfBase64(text: string | undefined): Uint8Array {
  const digits = text?.replace(/\s+/g, "") ?? "";
  if (text === undefined || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(digits) || digits.replace(/=+$/, "").length % 4 === 1) {
    throw invalidInput("data", "data is not base64, which --bytes takes. Encode it first, for example with the base64 command.");
  }
  return Buffer.from(digits, "base64");
}
