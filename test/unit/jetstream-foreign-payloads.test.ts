import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { jsonTextPayload, payloadText } from "../../src/core/index.ts";
import type { DeadLetter } from "../../src/core/index.ts";
import { jobAgain, newJob } from "../../src/brokers/jetstream/foreign/naq/jobs.ts";
import { literalJson } from "../../src/brokers/jetstream/foreign/naq/literal.ts";
import { readRecord } from "../../src/brokers/jetstream/foreign/naq/records.ts";
import { shown } from "../../src/brokers/jetstream/foreign/shown.ts";
import { readTask, writeTask } from "../../src/brokers/jetstream/foreign/task.ts";

const FIXTURES = join(import.meta.dirname, "..", "fixtures", "naq");

function pickled(name: string): Uint8Array {
  return readFileSync(join(FIXTURES, `${name}.pickle`));
}

function textOf(bytes: Uint8Array): string {
  const { payload } = shown(bytes);
  assert.equal(payload.encoding, "json");
  return payloadText(payload);
}

describe("a pickle of real Python", () => {
  it("is shown as the JSON it means, whole numbers of any size with their sign", () => {
    assert.equal(textOf(pickled("integers")), "[0,-1,255,65536,-2147483648,2147483648,-2147483649,9007199254740993,-1180591620717411303424,10000000000000000000000000000000000000000]");
  });

  it("shows bytes, tuples, sets, containers and odd keys", () => {
    const value = JSON.parse(textOf(pickled("kinds"))) as Record<string, unknown>;
    assert.deepEqual(value["bytes"], { $bytes: "AP8=" });
    assert.deepEqual(value["tuple"], [1, [2, 3]]);
    assert.deepEqual(value["set"], [1]);
    assert.deepEqual(value["ordered"], { $python: "collections.OrderedDict", entries: { a: 1 } });
    assert.deepEqual(value["deque"], { $python: "collections.deque", items: [1, 2] });
    assert.equal(value["nan"], "NaN");
    assert.equal(value["5"], "number as key");
    assert.equal(value['["t",1]'], "tuple as key");
  });

  it("can't reach JavaScript's own objects through the names of its keys", () => {
    const value = JSON.parse(textOf(pickled("kinds"))) as object;
    assert.ok(Object.hasOwn(value, "__proto__"));
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  it("that asks to run code only tells what it asks for", () => {
    assert.equal(textOf(pickled("runs-code")), '{"$python":"posix.system","args":["touch /tmp/queuescope-was-here"]}');
    const { fields } = readRecord(pickled("job-runs-code"));
    assert.equal(fields["job_id"], "0123456789abcdef0123456789abcdef");
    assert.deepEqual(fields["args"], [{ $python: "posix.system", args: ["touch /tmp/queuescope-was-here"] }]);
  });

  for (const [name, why] of [["cycle", /refers back to itself/], ["deep", /nested more than 200 levels/], ["laughs", /more than 200000 values/]] as const) {
    it(`that is a trap (${name}) is shown raw, with the reason`, () => {
      const { payload, format, note } = shown(pickled(name));
      assert.equal(format, "bytes");
      assert.match(note ?? "", why);
      assert.deepEqual(payload.bytes, pickled(name));
    });
  }

  for (const [what, hex] of [
    ["goes back in its input", "800542f0ffffff2e"],
    ["names more bytes than it has", "80048aff2e"],
    ["names 2^63 bytes", "80058effffffffffffff7f2e"],
    ["refers to what it never held", "8002680068002e"],
    ["is empty", "80052e"],
    ["calls a text", "80058c01618c016185522e"],
    ["appends to nothing", "80054b01612e"],
    ["has an unknown opcode", "8005ff2e"],
    ["wants a persistent id", "80058c016151" + "2e"],
  ] as const) {
    it(`that ${what} is shown raw, with the reason`, () => {
      const { format, note } = shown(Buffer.from(hex, "hex"));
      assert.equal(format, "bytes");
      assert.match(note ?? "", /can't be read/);
    });
  }

  it("of eight million empty dictionaries is given up on before they fill the memory", () => {
    assert.match(shown(Buffer.from(`\x80\x05${"}".repeat(8_000_000)}.`, "latin1")).note ?? "", /more than 500000 steps/);
  });

  it("never throws, whichever of its bytes are damaged", () => {
    const whole = Buffer.from(pickled("kinds"));
    for (let i = 0; i < whole.length; i++) {
      for (const value of [0, 0x2e, 0x52, 0x62, 0x81, 0x93, 0xff]) {
        const damaged = Buffer.from(whole);
        damaged[i] = value;
        assert.ok(["pickle", "bytes", "text", "json", "protoqueue"].includes(shown(damaged).format));
      }
    }
  });
});

describe("whatever bytes others store", () => {
  /** Opcodes that do something, and their arguments, rather than noise that ends at the first byte. */
  const opcodes = fc.constantFrom(...Buffer.from("()]}ae.sbtulRNoic\x81\x85\x86\x87\x88\x8a\x8b\x8c\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98KJMGXUCBTqrhj012", "latin1"));
  const pickles = fc.array(fc.oneof({ weight: 4, arbitrary: opcodes }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) }), { maxLength: 200 }).map((bytes) => Uint8Array.from([0x80, 5, ...bytes, 0x2e]));

  it("is shown, and costs a bounded time", () => {
    fc.assert(fc.property(fc.oneof(pickles, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      const before = Uint8Array.from(bytes);
      assert.ok(["pickle", "bytes", "text", "json", "protoqueue"].includes(shown(bytes).format));
      assert.ok(typeof readRecord(bytes).fields === "object");
      assert.deepEqual(bytes, before);
    }), { numRuns: 5_000 });
    assert.equal(Object.keys(Object.prototype).length, 0);
  });
});

describe("other payloads of others", () => {
  it("are JSON, text or bytes", () => {
    assert.equal(shown(Buffer.from('{"a":12345678901234567890}')).format, "json");
    assert.equal(shown(Buffer.from("hello")).format, "text");
    assert.equal(shown(Buffer.from([0xff, 0xfe])).format, "bytes");
    assert.equal(shown(new Uint8Array()).format, "text");
  });

  it("of JSON too deep for whoever walks it are shown as text, with the reason", () => {
    const { format, note } = shown(Buffer.from("[".repeat(5_000) + "]".repeat(5_000)));
    assert.equal(format, "text");
    assert.match(note ?? "", /nested more than 1000 levels/);
  });
});

describe("a record of NAQ", () => {
  it("is read with the function and the arguments that are pickles in the pickle", () => {
    const { format, fields } = readRecord(pickled("job"));
    assert.equal(format, "pickle");
    assert.equal(fields["function"], "json:dumps");
    assert.equal((fields["args"] as unknown[])[2], -3_000_000_000);
    assert.deepEqual(fields["kwargs"], { to: "a@example.com" });
  });

  it("says so of a function whose code is in the pickle", () => {
    const { fields } = readRecord(pickled("job-by-value"));
    assert.equal(fields["function"], "<lambda> (its code is in the pickle)");
    assert.deepEqual(fields["dependency_ids"], ["ff"]);
  });

  it("is found in the record with a checksum around it", () => {
    assert.equal(readRecord(pickled("job-checksum")).fields["function"], "json:dumps");
    const json = Buffer.from(JSON.stringify({ data: Buffer.from('{"job_id":"x"}').toString("base64"), data_encoding: "base64", checksum: "00" }));
    assert.equal(readRecord(json).fields["job_id"], "x");
  });

  it("is read where the whole result is an object", () => {
    assert.match(payloadText(readRecord(pickled("result-object")).payload), /"status":"completed","result":7/);
  });

  it("has no fields where it can't be read", () => {
    assert.deepEqual(readRecord(Buffer.from("80ff", "hex")).fields, {});
    assert.deepEqual(readRecord(pickled("cycle")).fields, {});
    assert.match(readRecord(pickled("cycle")).note ?? "", /can't be read/);
  });
});

describe("a job for NAQ", () => {
  it("has every field that NAQ's JSON form has, and its numbers as they were written", () => {
    const { data, transactionId } = newJob("mails", { payload: jsonTextPayload('{"function":"tasks:send","args":[12345678901234567890, 1.50]}') }, 1_700_000_000_250);
    const text = Buffer.from(data).toString();
    assert.match(text, /"args": \[12345678901234567890,1\.50\]/);
    assert.deepEqual(JSON.parse(text.replace("12345678901234567890", "1")), {
      job_id: transactionId, enqueue_time: 1_700_000_000.25, function: "tasks:send", args: [1, 1.5], kwargs: {}, max_retries: 0, retry_delay: 0, depends_on: [],
      result_ttl: null, timeout: null, retry_strategy: "linear", retry_on: null, ignore_on: null, queue_name: "mails",
    });
    assert.match(transactionId, /^[0-9a-f]{32}$/);
  });

  for (const [data, field] of [
    ["{}", "function"], ['{"function":"noModule"}', "function"], ['{"function":"m:f","args":{}}', "args"], ['{"function":"m:f","kwargs":[]}', "kwargs"],
    ['{"function":"m:f","retry_strategy":"random"}', "retry_strategy"], ['{"function":"m:f","retry_delay":-1}', "retry_delay"], ['{"function":"m:f","functoin":1}', "functoin"],
  ] as const) {
    it(`is refused when it is ${data}, naming the field`, () => {
      assert.throws(() => newJob("mails", { payload: jsonTextPayload(data) }, 0), { code: "invalid-input", field: `data.${field}` });
    });
  }

  it("is made again of a failed one, whose arguments are read back from their text", () => {
    const letter = { id: "naq:failed-1", transactionId: "feed", payload: readRecord(pickled("failed")).payload } as DeadLetter;
    assert.throws(() => jobAgain("mails", letter, undefined, 0), (error: Error) => error.message.includes(`--data '{"function": "MODULE:send_mail"}'`));
    const again = Buffer.from(jobAgain("mails", letter, jsonTextPayload('{"function":"tasks:send_mail"}'), 0).data).toString();
    assert.match(again, /"args": \[1,"it's",null,12345678901234567890\], "kwargs": \{"to":"a@example.com","urgent":true\}/);
    assert.match(again, /"job_id": "feed".*"function": "tasks:send_mail".*"max_retries": 3/);
  });
});

describe("text that Python's repr wrote", () => {
  for (const [python, json] of [
    ["()", "[]"], ["(1,)", "[1]"], ["('a', \"b'c\", -1.5e+20, None, True)", '["a","b\'c",-1.5e+20,null,true]'], ["{'a': [1, {'b': ()}], 2: False}", '{"a":[1,{"b":[]}],"2":false}'],
    [String.raw`('\x41\u00e9\U0001f600\n\\',)`, JSON.stringify(["A\u00e9\u{1f600}\n\\"])],
  ] as const) {
    it(`reads ${python}`, () => { assert.equal(literalJson(python), json); });
  }

  for (const python of ["<Foo object at 0x7f>", "(1, b'x')", "(1", "1 2", "datetime.date(2024, 1, 1)", "('a", "{1}", "(".repeat(200)]) {
    it(`has no reading for ${python.slice(0, 30)}`, () => { assert.equal(literalJson(python), undefined); });
  }
});

const PROTO = `syntax = "proto3"; package protoqueue; import "google/protobuf/struct.proto";
message TaskMetadata { int32 priority = 1; int64 timestamp = 2; int32 retries = 3; google.protobuf.Struct custom_metadata = 4; }
message Task { string id = 1; bytes data = 2; TaskMetadata metadata = 3; }`;

/** The library's own reading of the wire format, which Protoqueue uses too. */
const Task = protobuf.parse(PROTO, new protobuf.Root(), { keepCase: true }).root.addJSON((protobuf.common.get("google/protobuf/struct.proto") as { nested: Record<string, protobuf.INamespace> }).nested).lookupType("protoqueue.Task");

describe("a task of Protoqueue", () => {
  const task = { id: "V1StGXR8_Z5jdHi6B-myT", data: Buffer.from('{"to":"a"}'), priority: 3, timestamp: 1_700_000_000_000, retries: 1, custom: { jobName: "mail", tries: 2.5, list: [true, null, { a: "b" }] } };

  it("is read as protobufjs wrote it", () => {
    const custom = { fields: { jobName: { stringValue: "mail" }, tries: { numberValue: 2.5 }, list: { listValue: { values: [{ boolValue: true }, { nullValue: 0 }, { structValue: { fields: { a: { stringValue: "b" } } } }] } } } };
    const bytes = Task.encode(Task.fromObject({ id: task.id, data: task.data, metadata: { priority: 3, timestamp: task.timestamp, retries: 1, custom_metadata: custom } })).finish();
    assert.deepEqual({ ...readTask(bytes), data: Buffer.from(readTask(bytes).data) }, task);
    assert.deepEqual(Buffer.from(writeTask(task)), Buffer.from(bytes));
  });

  it("is written so that protobufjs reads it", () => {
    const read = Task.toObject(Task.decode(writeTask(task)), { longs: String, bytes: String }) as { id: string; metadata: { timestamp: string; priority: number } };
    assert.equal(read.id, task.id);
    assert.equal(read.metadata.timestamp, "1700000000000");
    assert.equal(read.metadata.priority, 3);
  });

  it("isn't seen in other bytes", () => {
    for (const bytes of [Buffer.from("hello"), Buffer.from('{"a":1}'), Buffer.from([10, 0]), Buffer.from([]), pickled("job"), Buffer.from([0x0a, 0x01, 0x41, 0x22, 0x00])]) assert.throws(() => readTask(bytes));
  });

  it("with metadata that is nested without end is refused, not walked", () => {
    let value: Buffer = Buffer.from([0x08, 0x00]);
    for (let i = 0; i < 150; i++) value = wrap(6, wrap(1, value));
    const metadata = wrap(3, wrap(4, wrap(1, Buffer.concat([wrap(1, Buffer.from("k")), wrap(2, value)]))));
    assert.throws(() => readTask(Buffer.concat([wrap(1, Buffer.from("id")), metadata])), /nested more than/);
  });
});

function wrap(field: number, bytes: Buffer): Buffer {
  return Buffer.from(protobuf.Writer.create().uint32((field << 3) | 2).bytes(bytes).finish());
}
