import { describe } from "node:test";
import { natsSkip } from "../support/nats-server.ts";
import { contract } from "./suite/index.ts";
import { jetstream } from "./jetstream.ts";

describe("the contract on nats-server 2.9", { skip: natsSkip("2.9") }, () => { contract(jetstream("2.9")); });
