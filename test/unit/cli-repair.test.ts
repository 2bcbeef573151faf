import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CliFolder, records } from "../support/cli.ts";

let cli: CliFolder;
before(async () => { cli = await CliFolder.make(); });
after(async () => { await cli[Symbol.asyncDispose](); });

describe("queuescope edit", () => {
  it("changes data and headers in place", async () => {
    const { id } = await cli.one(["push", "edited", '{"a":1}', "--header", "keep=1", "--header", "drop=1"]);
    const message = await cli.one(["edit", String(id), "--data", '{"a": 12345678901234567890}', "--header", "new=2", "--remove-header", "drop"]);
    assert.deepEqual([message["id"], message["headers"]], [id, { keep: "1", new: "2" }]);
    assert.notEqual(message["editedAt"], null);
    assert.match((await cli.run(["show", String(id), "--json"])).stdout, /"data":\{"a": 12345678901234567890\}/);
  });

  it("takes text, bytes, standard input and files", async () => {
    const { id } = await cli.one(["push", "edited2", "1"]);
    assert.equal((await cli.one(["edit", String(id), "--data", "free text", "--text"]))["encoding"], "text");
    assert.equal((await cli.one(["edit", String(id), "--data", "AAE=", "--bytes"]))["data"], "AAE=");
    assert.deepEqual((await cli.one(["edit", String(id), "--data", "-"], { stdin: "[1]" }))["data"], [1]);
  });

  it("refuses what isn't JSON unless told otherwise, a leased message, and an unknown one", async () => {
    const { id } = await cli.one(["push", "edited3", "1"]);
    assert.match((await cli.refused(["edit", String(id), "--data", "{oops"])).message, /JSON/);
    await cli.refused(["edit", String(id)], { exitCode: 2 });
    await cli.json(["pop", "edited3"]);
    assert.equal((await cli.refused(["edit", String(id), "--data", "2"])).code, "leased");
    assert.equal((await cli.refused(["edit", "m1-999", "--data", "2"])).code, "message-not-found");
    await cli.refused(["edit", "what is this", "--data", "2"]);
  });
});

describe("queuescope remove and cancel", () => {
  it("removes messages for good, and fails for those that aren't there", async () => {
    const { id } = await cli.one(["push", "removed", "1"]);
    assert.deepEqual(await cli.json(["remove", String(id)]), [{ id, removed: true }]);
    assert.deepEqual(await cli.json(["peek", "removed"]), []);
    assert.equal((await cli.refused(["remove", String(id)])).code, "message-not-found");
  });

  it("cancels a scheduled message, not one that is in the queue already", async () => {
    const { id: later } = await cli.one(["push", "cancelled", "1", "--delay", "1h"]);
    const { id: now } = await cli.one(["push", "cancelled", "2"]);
    const ended = await cli.run(["cancel", String(later), String(now), "--json"]);
    assert.equal(ended.code, 1);
    assert.deepEqual(records(ended.stdout), [{ id: later, cancelled: true }, { id: now, cancelled: false }]);
    assert.match(ended.stderr, new RegExp(`Not cancelled: ${String(now)}`));
  });
});

describe("queuescope groups", () => {
  it("lists, pauses, resumes, seeks and deletes groups", async () => {
    await cli.json(["push", "grouped", "1"]);
    assert.match((await cli.run(["groups", "list", "grouped"])).stderr, /--group NAME/);
    await cli.json(["pop", "grouped", "--group", "g"]);
    const [group] = await cli.json(["groups", "list", "grouped"]);
    assert.deepEqual([group?.["name"], group?.["lag"], group?.["paused"]], ["g", 1, false]);

    await cli.json(["groups", "pause", "grouped", "g"]);
    assert.match((await cli.run(["pop", "grouped", "--group", "g"])).stderr, /Group g of grouped is paused/);
    await cli.json(["groups", "resume", "grouped", "g"]);

    assert.equal(await cli.text(["groups", "seek", "grouped", "g", "all"]), "Group g of grouped now starts at: all.\n");
    assert.equal((await cli.json(["pop", "grouped", "--group", "g"])).length, 1);
    await cli.json(["groups", "seek", "grouped", "g", "new"]);
    assert.equal((await cli.json(["pop", "grouped", "--group", "g"])).length, 0);
    assert.deepEqual(await cli.json(["groups", "seek", "grouped", "g", "2020-01-31 12:00"]), [{ queue: "grouped", group: "g", start: "2020-01-31T12:00:00.000Z" }]);
    assert.equal((await cli.json(["pop", "grouped", "--group", "g"])).length, 1);

    await cli.json(["groups", "delete", "grouped", "g"]);
    assert.deepEqual(await cli.json(["groups", "list", "grouped"]), []);
  });

  it("shows what a seek would do, and moves nothing", async () => {
    for (const data of ["1", "2", "3"]) await cli.json(["push", "previewed", data]);
    await cli.json(["ack", String((await cli.one(["pop", "previewed"]))["receipt"])]);
    assert.deepEqual(await cli.one(["groups", "seek", "previewed", "default", "all", "--preview"]), { queue: "previewed", group: "default", start: "all", messages: 3, again: 1, skipped: 0, exact: true });
    assert.equal(await cli.text(["groups", "seek", "previewed", "default", "new", "--preview"]), "From new on, group default of previewed would get 0 messages, 0 of which it has settled already.\nIt would pass over 2 messages that it hasn't settled.\n");
    assert.equal((await cli.json(["peek", "previewed"])).length, 2);
  });

  it("refuses a time that is none", async () => {
    assert.match((await cli.refused(["groups", "seek", "grouped", "g", "tomorrow"], { exitCode: 2 })).message, /all.*new.*ISO 8601/);
  });
});
