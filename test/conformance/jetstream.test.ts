import { describe } from "node:test";
import { natsSkip } from "../support/nats-server.ts";
import { contract } from "./suite/index.ts";
import { jetstream } from "./jetstream.ts";

describe("the contract on the newest nats-server", { skip: natsSkip("newest") }, () => { contract(jetstream("newest")); });
