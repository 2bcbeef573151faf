import pickleparser from "pickleparser";

/** What Python made; larger ones are shown as bytes. */
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_DEPTH = 200;
const MOST_NODES = 200_000;
/** A value takes one or two; each may be a container in memory. */
const MOST_OPCODES = 500_000;
const MOST_TEXT = 8 * 1024 * 1024;
const MOST_ARGUMENTS = 1_000_000;
const MOST_INTEGER_BYTES = 1024;

/**
 * A Python object that a pickle asks for. Nothing is imported or called: a pickle that asks for `os.system("...")`
 * becomes an object that says so.
 */
export interface Inert {
  /** `module.name` of what makes it; with `()` for each call of what was made. */
  readonly name: string;
  readonly args: readonly unknown[];
  state: unknown;
  readonly items: unknown[];
  readonly entries: Map<unknown, unknown>;
}

/** The parser knows classes and objects as functions, which it may call with and without `new`; here either only makes a note. */
type Maker = (...args: unknown[]) => Maker;

const objects = new WeakMap<object, Inert>();
/** Names of what was referred to without being called. */
const references = new WeakMap<object, { readonly module: string; readonly name: string }>();

export function inertOf(value: unknown): Inert | undefined {
  return typeof value === "function" ? objects.get(value) : undefined;
}

/** `module:name` of a function or class that a pickle refers to. */
export function referenceOf(value: unknown): string | undefined {
  const found = typeof value === "function" ? references.get(value) : undefined;
  return found === undefined ? undefined : `${found.module}:${found.name}`;
}

export function looksPickled(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && (bytes[1] ?? 9) <= 5 && bytes.at(-1) === 0x2e;
}

/** Dictionaries come as Map, tuples and sets as lists. @throws Error saying what is wrong with it */
export function unpickle(bytes: Uint8Array): unknown {
  if (bytes.byteLength > MOST_BYTES) throw new Error(`it has ${bytes.byteLength} bytes, more than are read of a pickle (${MOST_BYTES})`);
  let given = 0;
  const made = (name: string, args: readonly unknown[]): Maker => {
    given += args.length + 1;
    if (given > MOST_ARGUMENTS) throw new Error("it makes too many objects");
    const inert: Inert = { name, args, state: undefined, items: [], entries: new Map() };
    const object = Object.assign(maker(`${name}()`), {
      // What the parser calls on objects that it builds; each only keeps what it gets.
      __setstate__: (state: unknown) => { inert.state = state; },
      __setnewargs_ex__: (named: unknown) => { inert.entries.set("__newargs__", named); },
      push: (...items: unknown[]) => { for (const item of items) inert.items.push(item); },
      set: (key: unknown, value: unknown) => { inert.entries.set(key, value); },
    });
    objects.set(object, inert);
    return object;
  };
  const maker = (name: string): Maker => function (...args: unknown[]): Maker {
    return made(name, args);
  };
  const resolve = (module: string, name: string): Maker => {
    const named = maker(`${module}.${name}`);
    references.set(named, { module, name });
    return named;
  };
  const parser = new pickleparser.Parser({ nameResolver: { resolve }, unpicklingTypeOfDictionary: "Map", unpicklingTypeOfSet: "array" });
  // A copy: the parser hands out parts of it, which a pickle could write into.
  return parser.read(new Reader(new Uint8Array(bytes)));
}

const BINFLOAT = 0x47;
const LONG = 0x4c;
const LONG1 = 0x8a;
const LONG4 = 0x8b;

/** The parser's reader, but for two things: whole numbers of any size with their sign, and no way back in the input. */
class Reader extends pickleparser.BufferReader {
  #atOpcode = false;
  #opcodes = 0;
  #integer: bigint | undefined;

  /** Asked before each opcode, and only then. */
  override hasNext(): boolean {
    this.#atOpcode = true;
    this.#opcodes += 1;
    if (this.#opcodes > MOST_OPCODES) throw new Error(`it has more than ${MOST_OPCODES} steps`);
    return super.hasNext();
  }

  override byte(): number {
    const value = super.byte();
    if (!this.#atOpcode) return value;
    this.#atOpcode = false;
    if (value === LONG1) return this.#takeInteger(super.byte());
    if (value === LONG4) return this.#takeInteger(this.int32());
    if (value === LONG) return this.#give(BigInt(this.line().replace(/L$/, "")));
    return value;
  }

  override float64(): number {
    const integer = this.#integer;
    if (integer === undefined) return super.float64();
    this.#integer = undefined;
    return (Number.isSafeInteger(Number(integer)) ? Number(integer) : integer) as number;
  }

  override uint64(): number {
    const view = new DataView(Uint8Array.from(this.bytes(8)).buffer);
    const value = view.getBigUint64(0, true);
    if (value > BigInt(MOST_BYTES)) throw new Error("it names a length beyond its end");
    return Number(value);
  }

  override skip(offset: number): void {
    if (offset < 0) throw new Error("it names a negative length");
    super.skip(offset);
  }

  /** The parser takes it where it expects a float. */
  #give(integer: bigint): number {
    this.#integer = integer;
    return BINFLOAT;
  }

  #takeInteger(length: number): number {
    if (length > MOST_INTEGER_BYTES) throw new Error("it holds a whole number that is too long");
    const bytes = Uint8Array.from(this.bytes(length));
    const unsigned = length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
    return this.#give(BigInt.asIntN(length * 8, unsigned));
  }
}

/** JSON text of what a pickle holds: bytes as `{"$bytes": base64}`, objects as `{"$python": "module.name", ...}`. @throws Error when it is too deep or too large */
export function pickleJson(value: unknown): string {
  const writer = new Writer();
  writer.write(value, 0);
  return writer.text();
}

class Writer {
  readonly #parts: string[] = [];
  #size = 0;
  #nodes = 0;

  text(): string {
    return this.#parts.join("");
  }

  write(value: unknown, depth: number): void {
    this.#nodes += 1;
    if (depth > MOST_DEPTH) throw new Error(`it is nested more than ${MOST_DEPTH} levels deep, or refers back to itself`);
    if (this.#nodes > MOST_NODES) throw new Error(`it holds more than ${MOST_NODES} values`);
    if (value === null || typeof value === "boolean") this.#put(String(value));
    else if (typeof value === "string") this.#put(JSON.stringify(value));
    else if (typeof value === "bigint") this.#put(value.toString());
    else if (typeof value === "number") this.#put(Number.isFinite(value) ? String(value) : JSON.stringify(String(value)));
    else if (value instanceof Uint8Array) this.#put(`{"$bytes":"${Buffer.from(value).toString("base64")}"}`);
    else if (Array.isArray(value)) this.#list(value, depth);
    else if (value instanceof Map) this.#fields([...value].map(([key, item]) => [keyText(key), item]), depth);
    else this.#object(value, depth);
  }

  #object(value: unknown, depth: number): void {
    const inert = inertOf(value);
    const reference = referenceOf(value);
    if (inert !== undefined) this.#inert(inert, depth);
    else if (reference !== undefined) this.#put(JSON.stringify({ $python: reference.replace(":", ".") }));
    else throw new Error("it holds something that isn't a Python value");
  }

  #inert({ name, args, state, items, entries }: Inert, depth: number): void {
    this.#fields([
      ["$python", name],
      ...(args.length > 0 ? [["args", args] as const] : []),
      ...(state === undefined ? [] : [["state", state] as const]),
      ...(items.length > 0 ? [["items", items] as const] : []),
      ...(entries.size > 0 ? [["entries", entries] as const] : []),
    ], depth);
  }

  #list(items: readonly unknown[], depth: number): void {
    this.#put("[");
    items.forEach((item, i) => {
      if (i > 0) this.#put(",");
      this.write(item, depth + 1);
    });
    this.#put("]");
  }

  #fields(fields: readonly (readonly [string, unknown])[], depth: number): void {
    this.#put("{");
    fields.forEach(([key, item], i) => {
      this.#put(`${i > 0 ? "," : ""}${JSON.stringify(key)}:`);
      this.write(item, depth + 1);
    });
    this.#put("}");
  }

  #put(text: string): void {
    this.#size += text.length;
    if (this.#size > MOST_TEXT) throw new Error("what it holds is too much to show");
    this.#parts.push(text);
  }
}

/** Keys of Python's dictionaries can be anything; JSON's are texts. */
function keyText(key: unknown): string {
  if (typeof key === "string") return key;
  const writer = new Writer();
  writer.write(key, MOST_DEPTH - 10);
  return writer.text();
}
