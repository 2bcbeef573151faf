import { describe } from "node:test";
import { natsSkip } from "../support/nats-server.ts";
import { model } from "./suite/index.ts";
import { jetstream } from "./jetstream.ts";

describe("a model of the contract, on the newest nats-server", { skip: natsSkip("newest") }, () => { model(jetstream("newest")); });
