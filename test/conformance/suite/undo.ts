import assert from "node:assert/strict";
import { type DeadLetter, type UndoneRedrive, payloadText, textPayload } from "../../../src/core/index.ts";
import { type BrokerFactory, type Data, type Rig, conformance, ids, nth, numbered, only, pages, refused, texts, wrong } from "./harness.ts";

export function undo(factory: BrokerFactory): void {
  conformance(factory, "6. Undoing a redrive", (rig) => {
    rig.it("removes the message that waits, and the mark: the dead letter is as it was, and can be redriven again", async () => {
      const [q, letter] = await one(rig);
      const made = await redriven(rig, q, letter.id);
      await rig.push(q, ["other"]);
      assert.deepEqual(await rig.broker.repair.undoRedrive(q, [letter.id]), [{ deadLetterId: letter.id, undone: true, reason: null }]);
      assert.deepEqual(await rig.broker.inspect.deadLetter(letter.id), letter);
      await refused(rig.broker.inspect.read(made), "message-not-found");
      assert.deepEqual([await waiting(rig, q), (await rig.broker.queues.get(q)).counts.ready], [1, 1]);
      const again = only((await rig.broker.repair.redrive(q, { filter: {} })).redriven);
      assert.equal(again.status, "redriven");
      assert.notEqual(again.messageId, made);
      assert.deepEqual(texts(await rig.drain(q)), ["other", "0"]);
    });

    rig.it("works any number of times, each time on the last redrive", async () => {
      const [q, letter] = await one(rig);
      for (let n = 0; n < 3; n++) {
        const made = await redriven(rig, q, letter.id);
        assert.equal(only(await rig.broker.repair.undoRedrive(q, [letter.id])).undone, true);
        assert.ok(!(await rig.broker.inspect.exists([made])).includes(made));
      }
      const first = await redriven(rig, q, letter.id);
      await rig.advance(5);
      const second = only((await rig.broker.repair.redrive(q, { filter: { ids: [letter.id] }, again: true })).redriven).messageId;
      assert.equal(only(await rig.broker.repair.undoRedrive(q, [letter.id])).undone, true);
      assert.deepEqual((await rig.broker.inspect.deadLetter(letter.id)).redriven.map(({ messageId }) => messageId), [first]);
      assert.deepEqual(await rig.broker.inspect.exists([first, second]), [first]);
      assert.deepEqual(ids(await rig.drain(q)), [first]);
    });

    rig.it("from another queue and partition too, edited or not, with nothing left behind", async () => {
      const [q, letter] = await one(rig);
      const to = await rig.queue();
      await rig.push(to, ["before"], { partition: "p" });
      await rig.pop(to, { group: "g", partition: "nothing" });
      const made = only((await rig.broker.repair.redrive(q, { filter: { ids: [letter.id] }, to, partition: "p", payload: textPayload("mended") })).redriven).messageId;
      await rig.broker.repair.edit(made, { payload: textPayload("mended twice") });
      await rig.push(to, ["behind"], { partition: "p" });
      assert.equal(only(await rig.broker.repair.undoRedrive(q, [letter.id])).undone, true);
      for (const group of ["default", "g"]) assert.deepEqual(texts(await rig.drain(to, { group })), ["before", "behind"]);
      const stats = await rig.broker.inspect.stats(to);
      assert.deepEqual([stats.messages, stats.counts.ready, ...stats.groups.map(({ lag }) => lag)], [2, 0, 0, 0]);
    });

    rig.it("of what a group works on, has returned, or has completed, nothing is undone, with a sentence why", async () => {
      const [q, letter] = await one(rig, { retryDelay: "1h" });
      const made = await redriven(rig, q, letter.id);
      const refusedNow = async (): Promise<string> => {
        const result = only(await rig.broker.repair.undoRedrive(q, [letter.id]));
        assert.deepEqual([result.deadLetterId, result.undone], [letter.id, false]);
        assert.ok((await rig.broker.inspect.deadLetter(letter.id)).redriven.length > 0);
        return result.reason ?? "";
      };
      const held = await rig.popOne(q);
      assert.match(await refusedNow(), new RegExp(`${made}.*is leased in the group "default"`));
      await rig.release(held);
      assert.match(await refusedNow(), /was delivered to the group "default" already/);
      await rig.nack(await rig.popOne(q));
      assert.match(await refusedNow(), /was delivered/);
      await rig.dead(await rig.popOne(q, { messageId: made }));
      assert.match(await refusedNow(), /was delivered/);
      await rig.broker.repair.remove([made]);
      assert.match(await refusedNow(), new RegExp(`${made}.*isn't there any more`));
    });

    rig.it("one group that was given it is enough", async () => {
      const [q, letter] = await one(rig);
      const to = await rig.queue();
      for (const group of ["a", "b", "c"]) await rig.pop(to, { group });
      const redrive = { filter: { ids: [letter.id] }, to, again: true };
      await rig.broker.repair.redrive(q, redrive);
      await rig.ack(await rig.popOne(to, { group: "b" }));
      assert.match(only(await rig.broker.repair.undoRedrive(q, [letter.id])).reason ?? "", /group "b"/);
      for (const group of ["a", "c"]) assert.deepEqual(texts(await rig.drain(to, { group })), ["0"]);
    });

    rig.it("where a group was moved past it nobody knows whether it was delivered", async () => {
      const [q, letter] = await one(rig);
      await redriven(rig, q, letter.id);
      await rig.drain(q);
      await rig.broker.repair.seek(q, "default", "new");
      assert.match(only(await rig.broker.repair.undoRedrive(q, [letter.id])).reason ?? "", /isn't known|was delivered/);
    });

    rig.it("answers each id for itself: what wasn't redriven, what isn't there, what is of another queue", async () => {
      const q = await died(rig, numbered(4));
      const letters = await all(rig, q);
      const [foreign] = await all(rig, await died(rig, ["x"]));
      assert.ok(foreign !== undefined);
      await rig.broker.repair.redrive(q, { filter: { ids: ids(letters).slice(0, 3) } });
      const asked = [nth(letters, 0).id, nth(letters, 3).id, "d999-1", "garbled", foreign.id, nth(letters, 2).id, nth(letters, 0).id];
      const results = await rig.broker.repair.undoRedrive(q, asked);
      assert.deepEqual(results.map(({ deadLetterId }) => deadLetterId), asked);
      assert.deepEqual(results.map(({ undone }) => undone), [true, false, false, false, false, true, false]);
      for (const { undone, reason } of results) assert.equal(reason === null, undone);
      assert.deepEqual(texts(await rig.drain(q)), ["1"]);
      assert.deepEqual(await rig.broker.repair.undoRedrive(q, []), []);
      await refused(rig.broker.repair.undoRedrive(q, wrong("x")), "invalid-input", "ids");
      await refused(rig.broker.repair.undoRedrive("no-such-queue", []), "queue-not-found");
      await refused((await rig.another({ readOnly: true })).repair.undoRedrive(q, [nth(letters, 1).id]), "read-only");
    });

    rig.it("leaves a line in the timeline of the message that died", async () => {
      const [q, letter] = await one(rig);
      const made = await redriven(rig, q, letter.id);
      await rig.broker.repair.undoRedrive(q, [letter.id]);
      const types = async (id: string): Promise<string[]> => (await rig.broker.inspect.traces({ messageId: id })).items.map(({ type }) => type);
      assert.deepEqual((await types(letter.messageId)).slice(-2), ["redriven", "undone"]);
      const undone = (await rig.broker.inspect.traces({ messageId: letter.messageId })).items.at(-1);
      assert.deepEqual([undone?.group, JSON.parse(undone?.data ?? "{}")], ["default", { deadLetterId: letter.id, to: { queue: q, messageId: made } }]);
    });

    rig.it("against pops at the same time, each message is either delivered or undone, and none is lost", async () => {
      const q = await rig.queue();
      const to = await rig.queue();
      await rig.push(q, numbered(40));
      for (const d of await rig.pop(q, { batch: 40 })) await rig.dead(d);
      const letters = await all(rig, q);
      for (const group of ["a", "b"]) await rig.pop(to, { group });
      await rig.broker.repair.redrive(q, { filter: {}, to });
      const [others, undoing] = await Promise.all([rig.another(), rig.another()]);
      const delivered = { a: [] as string[], b: [] as string[] };
      const results: UndoneRedrive[] = [];
      const pop = async (group: "a" | "b"): Promise<void> => {
        for (let n = 0; n < 6; n++) {
          const got = await others.messages.pop(to, { group, batch: 3 });
          delivered[group].push(...texts(got));
          await rig.ack(...got);
        }
      };
      const undoFrom = async (): Promise<void> => {
        for (const { id } of letters.slice(0, 30)) results.push(...(await undoing.repair.undoRedrive(q, [id])));
      };
      await Promise.all([pop("a"), pop("b"), undoFrom()]);
      for (const group of ["a", "b"] as const) delivered[group].push(...texts(await rig.drain(to, { group })));
      const text = new Map(letters.map((letter) => [letter.id, payloadText(letter.payload)]));
      const undone = results.flatMap((result) => (result.undone ? [text.get(result.deadLetterId) ?? ""] : []));
      for (const group of ["a", "b"] as const) assert.deepEqual([...delivered[group], ...undone].sort(), numbered(40).sort(), group);
      assert.equal((await rig.broker.inspect.deadLetters(q, { redriven: false, limit: 1000 })).items.length, undone.length);
    });
  });
}

async function died(rig: Rig, data: readonly Data[], options: object = {}): Promise<string> {
  const q = await rig.queue(options);
  await rig.push(q, data);
  for (const d of await rig.pop(q, { batch: 1000 })) await rig.dead(d);
  return q;
}

function all(rig: Rig, q: string): Promise<DeadLetter[]> {
  return pages((after) => rig.broker.inspect.deadLetters(q, { after }));
}

async function one(rig: Rig, options: object = {}): Promise<[queue: string, letter: DeadLetter]> {
  const q = await died(rig, ["0"], options);
  return [q, only(await all(rig, q))];
}

/** Answers the id of the message that it became. */
async function redriven(rig: Rig, q: string, id: string): Promise<string> {
  const { messageId, status } = only((await rig.broker.repair.redrive(q, { filter: { ids: [id] } })).redriven);
  assert.equal(status, "redriven");
  return messageId;
}

async function waiting(rig: Rig, q: string): Promise<number> {
  return rig.broker.inspect.countDeadLetters(q, { redriven: false });
}
