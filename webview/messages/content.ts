import type { MessageDetail, MessageRow } from "../../src/protocol/index.ts";

type Content = MessageDetail["content"];

const decoder = new TextDecoder();

export function bytesOf({ text }: Content): Uint8Array {
  const binary = atob(text);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export function textOf(content: Content): string {
  return decoder.decode(bytesOf(content));
}

export interface HexLine {
  readonly offset: string;
  readonly hex: string;
  readonly text: string;
}

/** Sixteen bytes a line. @param most lines */
export function hexLines(bytes: Uint8Array, most: number): readonly HexLine[] {
  return Array.from({ length: Math.min(most, Math.ceil(bytes.length / 16)) }, (_, line) => {
    const part = [...bytes.subarray(line * 16, line * 16 + 16)];
    return {
      offset: (line * 16).toString(16).padStart(8, "0"),
      hex: part.map((byte, i) => `${i === 8 ? " " : ""}${byte.toString(16).padStart(2, "0")}`).join(" "),
      text: part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join(""),
    };
  });
}

/** For a POSIX shell: pushes the same message once more. Its transaction id is left out, which would make it a duplicate. */
export function pushCommand(queue: string, { partition, priority, headers }: MessageRow, content: Content): string {
  const { encoding } = content;
  const data = encoding === "bytes" ? content.text : textOf(content);
  return [
    "queuescope push",
    quoted(queue),
    ...(encoding === "json" ? [] : [`--${encoding}`]),
    ...(partition === null ? [] : ["--partition", quoted(partition)]),
    ...(priority === 0 ? [] : ["--priority", String(priority)]),
    ...Object.entries(headers).flatMap(([name, value]) => ["--header", quoted(`${name}=${value}`)]),
    "--",
    quoted(data),
  ].join(" ");
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith("-") ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
