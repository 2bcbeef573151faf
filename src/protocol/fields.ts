import * as z from "zod/mini";
import { ENCODINGS } from "../core/encoding.ts";
import { MESSAGE_STATES } from "../core/message.ts";

/** Names, ids, filters: longer ones exist nowhere in the model. */
export const shortText = z.string().check(z.maxLength(4096));
/** A payload, an error with its stack: the model's largest payload as text. */
export const longText = z.string().check(z.maxLength(96 * 1024 * 1024));
/** Milliseconds since 1970, UTC. */
export const instant = z.number();
export const count = z.int().check(z.nonnegative());
export const state = z.enum(MESSAGE_STATES);
export const encoding = z.enum(ENCODINGS);
export const headers = z.record(shortText, longText);
/** By group: how many messages are in each state. */
export const counts = z.object({ ready: count, scheduled: count, leased: count, retrying: count, completed: count, dead: count });
export const nothing = z.object({});

/** Bytes stand as base64. */
export const content = z.object({ encoding, text: longText });

/** A failure of one part of what was asked, where the others went on. */
export const failure = z.object({ code: shortText, message: longText });
