import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytesPayload, type DeadLetter, isQueuescopeError, jsonTextPayload, type Message, payloadText, textPayload } from "../../src/core/index.ts";
import { parseContentDocument, parsePushDocument } from "../../src/client/documents/read.ts";
import { contentDocument, deadLetterDocument, messageDocument, messagesDocument, pushTemplate } from "../../src/client/documents/write.ts";

const NOW = Date.UTC(2030, 0, 31, 12);

const message: Message = {
  id: "m1-42",
  queue: "orders",
  partition: "customer-7",
  payload: jsonTextPayload('{"id":12345678901234567890,"tags":[1,2]}'),
  headers: { traceparent: "00-1-2-00" },
  transactionId: "m1-42",
  priority: 0,
  createdAt: NOW,
  expiresAt: null,
  redrivenFrom: null,
  editedAt: null,
  state: "retrying",
  group: "default",
  charges: 1,
  deliveryCount: 1,
  until: NOW + 5000,
  worker: null,
  lastError: "no stock",
};

function refusal(text: string, parse: (text: string) => unknown): { field: string | undefined; message: string } {
  try {
    parse(text);
  } catch (error) {
    assert.ok(isQueuescopeError(error, "invalid-input"), String(error));
    return { field: error.field, message: error.message };
  }
  assert.fail(`${text} was accepted`);
}

const push = (text: string) => parsePushDocument(text, NOW);

describe("a message as a document", () => {
  it("is laid out JSON that keeps numbers beyond 2^53", () => {
    const text = messageDocument(message);
    assert.match(text, /\n {4}"id": 12345678901234567890,\n/);
    assert.equal((JSON.parse(text) as { state: string }).state, "retrying");
    assert.equal((JSON.parse(text) as { until: string }).until, "2030-01-31T12:00:05.000Z");
  });

  it("is one of a list when several are peeked", () => {
    assert.deepEqual((JSON.parse(messagesDocument([message, message])) as { id: string }[]).map(({ id }) => id), ["m1-42", "m1-42"]);
    assert.equal(messagesDocument([]), "[]\n");
  });

  it("shows text as a string and bytes as base64", () => {
    const data = (payload: Message["payload"]): unknown => (JSON.parse(contentDocument({ payload, headers: {} })) as { data: unknown }).data;
    assert.equal(data(textPayload('say "hi"\n')), 'say "hi"\n');
    assert.equal(data(bytesPayload(new Uint8Array([0, 255]))), "AP8=");
  });

  it("shows a dead letter with its error, its stack by lines, and what it was redriven to", () => {
    const dead: DeadLetter = { ...message, id: "d1-7", messageId: "m1-42", deadAt: NOW, reason: "retries-exhausted", attempts: 4, error: "no stock", stack: "Error: no stock\n    at handle", redriven: [{ queue: "orders", messageId: "m1-50", at: NOW }] };
    const shown = JSON.parse(deadLetterDocument(dead)) as { stack: string[]; redriven: { messageId: string }[]; error: string };
    assert.deepEqual(shown.stack, ["Error: no stock", "    at handle"]);
    assert.equal(shown.redriven[0]?.messageId, "m1-50");
    assert.equal(shown.error, "no stock");
  });
});

describe("an edited document", () => {
  it("gives back exactly the data that was shown, without the layout", () => {
    for (const payload of [message.payload, jsonTextPayload('{"a":1e400,"b":"x  y, }","c":[]}'), jsonTextPayload("null"), jsonTextPayload('""'), textPayload("a\nb"), bytesPayload(new Uint8Array([1, 2, 3]))]) {
      const parsed = parseContentDocument(contentDocument({ payload, headers: { a: "b" } }));
      assert.deepEqual(parsed, { payload, headers: { a: "b" } });
    }
  });

  it("is refused with the field's name when it can't be stored", () => {
    assert.equal(refusal('{ "data": 1, "state": "ready" }', parseContentDocument).field, "state");
    assert.equal(refusal('{ "data": 1, "headers": { "a": 1 } }', parseContentDocument).field, "headers.a");
    assert.equal(refusal("{}", parseContentDocument).field, "data");
    assert.match(refusal('{\n "data": \n}', parseContentDocument).message, /not JSON.* line 3/);
    assert.match(refusal("[]", parseContentDocument).message, /must be a JSON object/);
  });
});

describe("a document to push", () => {
  it("starts as a template with its queue and partition", () => {
    assert.deepEqual(JSON.parse(pushTemplate("orders", "customer-7")), { queue: "orders", partition: "customer-7", data: {} });
  });

  it("says everything that a push takes", () => {
    const { queue, item } = push('{ "queue": "orders", "data": { "id": 1 }, "partition": "p", "headers": { "a": "b" }, "delay": "30s", "id": "tx-1", "ttl": "1h" }');
    assert.equal(queue, "orders");
    assert.deepEqual({ ...item, payload: payloadText(item.payload) }, { payload: '{"id":1}', partition: "p", headers: { a: "b" }, deliverAt: NOW + 30_000, transactionId: "tx-1", ttl: 3_600_000, priority: undefined });
  });

  it("takes a time without zone as UTC", () => {
    assert.equal(push('{ "data": 1, "deliverAt": "2030-02-01 00:00" }').item.deliverAt, Date.UTC(2030, 1, 1));
  });

  it("may hold comments and a trailing comma, which aren't pushed", () => {
    assert.equal(payloadText(push('{ // note\n "data": { "a": [1, 2,], /* why */ "b": ",]" }, }').item.payload), '{"a":[1,2],"b":",]"}');
  });

  it("takes text and bytes as strings", () => {
    assert.deepEqual(push('{ "data": "hi", "encoding": "text" }').item.payload, textPayload("hi"));
    assert.deepEqual(push('{ "data": "AP8=", "encoding": "bytes" }').item.payload, bytesPayload(new Uint8Array([0, 255])));
    assert.deepEqual(push('{ "data": "hi" }').item.payload, jsonTextPayload('"hi"'));
  });

  it("is refused with the field's name for what makes no sense", () => {
    assert.equal(refusal('{ "data": 1, "delay": "soon" }', push).field, "delay");
    assert.equal(refusal('{ "data": 1, "delay": "1s", "deliverAt": "2030-01-01" }', push).field, "delay");
    assert.equal(refusal('{ "data": 1, "encoding": "xml" }', push).field, "encoding");
    assert.equal(refusal('{ "data": 1, "encoding": "text" }', push).field, "data");
    assert.equal(refusal('{ "data": "%", "encoding": "bytes" }', push).field, "data");
    assert.equal(refusal('{ "data": 1, "priorty": 1 }', push).field, "priorty");
  });
});
