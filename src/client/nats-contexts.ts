/** The contexts of the nats CLI, for choosing one: `nats:?context=NAME` connects to it. */
export { listContexts, type ContextSummary } from "../brokers/jetstream/index.ts";
