import { describe } from "node:test";
import { natsSkip } from "../support/nats-server.ts";
import { seeds } from "./suite/index.ts";
import { jetstream } from "./jetstream.ts";

describe("what users of other systems rely on, on the newest nats-server", { skip: natsSkip("newest") }, () => { seeds(jetstream("newest")); });
