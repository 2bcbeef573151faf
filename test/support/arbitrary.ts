/** Values that fit a schema of the protocol, and values that nearly do: what a hostile page would send. */
import fc from "fast-check";
import type * as z from "zod/mini";

type Schema = z.ZodMiniType;

/** What a definition says of itself; only what is looked at here. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly innerType?: Schema;
  readonly element?: Schema;
  readonly keyType?: Schema;
  readonly valueType?: Schema;
  readonly options?: readonly Schema[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
  readonly format?: string;
}

/** Names that mean something to JavaScript, files, terminals or HTML. */
export const NASTY = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "../../evil", "..\\evil", "a\u0000b", "\u001b[2J", "\u202eevil", "<img src=x onerror=alert(1)>", "${process.exit(1)}", "%s%n", "'; DROP TABLE message; --", "\ud800", "", " ", "9".repeat(400), "-1", "NaN", "1e999"];

/** Values that fit. `strings` are taken for some of its texts, so that calls find what they name. */
export function fitting(schema: Schema, strings: readonly string[]): fc.Arbitrary<unknown> {
  const text = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...strings) }, { weight: 1, arbitrary: fc.constantFrom(...NASTY) }, { weight: 1, arbitrary: fc.string() });
  const build = (one: Schema): fc.Arbitrary<unknown> => within(one, () => of(one));
  const of = (one: Schema): fc.Arbitrary<unknown> => {
    const definition = one._zod.def as unknown as Definition;
    const inner = (): fc.Arbitrary<unknown> => build(required(definition.innerType));
    switch (definition.type) {
      case "object":
        return fc.record(Object.fromEntries(Object.entries(definition.shape ?? {}).map(([key, field]) => [key, build(field)]))).map(withoutAbsent);
      case "string":
        return text;
      case "number":
        return definition.format === undefined ? fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ noNaN: true, noDefaultInfinity: true })) : fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0 }));
      case "boolean":
        return fc.boolean();
      case "enum":
        return fc.constantFrom(...Object.values(definition.entries ?? {}));
      case "literal":
        return fc.constantFrom(...(definition.values ?? []));
      case "optional":
        return fc.option(inner(), { nil: undefined });
      case "nullable":
        return fc.option(inner(), { nil: null });
      case "array":
        return fc.array(build(required(definition.element)), { maxLength: 5 });
      case "record":
        return fc.dictionary(text.map(String), build(required(definition.valueType)), { maxKeys: 4 });
      case "union":
        return fc.oneof(...(definition.options ?? []).map(build));
      case "unknown":
        return fc.jsonValue();
      default:
        throw new Error(`There are no values yet for a schema of type ${definition.type}.`);
    }
  };
  return build(schema);
}

/** One that fits, with one of its parts exchanged so that it doesn't. */
export function nearlyFitting(schema: Schema, strings: readonly string[]): fc.Arbitrary<unknown> {
  const junk = fc.oneof(fc.constantFrom(null, true, -1, 1.5, Number.MAX_VALUE, "x".repeat(5000), [], {}, [[[]]]), fc.jsonValue());
  return fc
    .tuple(fitting(schema, strings), fc.nat(), junk)
    .map(([value, at, bad]) => exchanged(value, at, bad))
    .filter((value) => !schema.safeParse(value).success);
}

/** Checks of length and range: what breaks them isn't a value that fits. */
function within(schema: Schema, make: () => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return make().filter((value) => schema.safeParse(value).success);
}

function required(schema: Schema | undefined): Schema {
  if (schema === undefined) throw new Error("A schema lacks its inner one.");
  return schema;
}

function withoutAbsent(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}

/** The value with its nth part, the whole included, exchanged. */
function exchanged(value: unknown, at: number, bad: unknown): unknown {
  const paths = pathsOf(value);
  const path = paths[at % paths.length] ?? [];
  return replaced(value, path, bad);
}

function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], bad: unknown): unknown {
  if (key === undefined) return bad;
  if (Array.isArray(value)) return value.map((part: unknown, index) => (String(index) === key ? replaced(part, rest, bad) : part));
  return { ...(value as object), [key]: replaced((value as Readonly<Record<string, unknown>>)[key], rest, bad) };
}
