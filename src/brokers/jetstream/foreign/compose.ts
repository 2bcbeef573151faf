import { checkedIds, checkedRedrive, listOf, objectOf } from "../../../core/index.ts";
import type { Broker, Inspect, Messages, Queues, Repair, Transaction, Workers } from "../../../core/index.ts";
import type { ForeignQueues } from "./queues.ts";

/** The facets of the port that know queues by name. */
export type QueueFacets = Pick<Broker, "queues" | "messages" | "inspect" | "repair" | "workers">;

const OWN_WORKERS = "its own workers share one consumer, and whoever else takes its messages takes them away from them. Look at it with peek, push to it, and redrive what failed; let its own workers work.";
const UNCHANGED = "Queuescope leaves its streams and consumers as they are. Use its own tools for that, or the nats CLI.";

/** The same facets, with the queues of other systems among the own ones. */
export function withForeignQueues(own: QueueFacets, foreign: ForeignQueues, readOnly: boolean): QueueFacets {
  const refuse = (name: string, why: string): Promise<never> => Promise.reject(foreign.refusal(name, why));
  const isForeign = (name: string): boolean => foreign.owns(name);
  const changing = <T>(name: string, act: () => Promise<T>): Promise<T> => (readOnly ? Promise.reject(foreign.readOnly(name)) : act());
  const guard = <Rest extends unknown[], T>(act: (name: string, ...rest: Rest) => Promise<T>, why: string) => (name: string, ...rest: Rest): Promise<T> => (isForeign(name) ? refuse(name, why) : act(name, ...rest));

  const queues: Queues = {
    ...own.queues,
    create: guard(own.queues.create.bind(own.queues), "names that begin so are of its queues. Choose another name."),
    configure: guard(own.queues.configure.bind(own.queues), UNCHANGED),
    delete: guard(own.queues.delete.bind(own.queues), UNCHANGED),
    pause: guard(own.queues.pause.bind(own.queues), UNCHANGED),
    resume: guard(own.queues.resume.bind(own.queues), UNCHANGED),
    get: (name) => (isForeign(name) ? foreign.get(name) : own.queues.get(name)),
    // Own ones first, then the others, each in name order.
    list: async (request = {}) => {
      const { namespace, task, ...rest } = request;
      if (request.after !== undefined && isForeign(request.after)) return await foreign.list(rest);
      const page = await own.queues.list(request);
      if (page.next !== null || namespace !== undefined || task !== undefined) return page;
      const room = (request.limit ?? 100) - page.items.length;
      if (room < 1) return { items: page.items, next: foreign.beforeFirst };
      const others = await foreign.list({ ...rest, after: undefined, limit: room });
      return { items: [...page.items, ...others.items], next: others.next };
    },
  };

  const messages: Messages = {
    push: (queue, items, options) => (isForeign(queue) ? changing(queue, () => foreign.push(queue, items, options)) : own.messages.push(queue, items, options)),
    pop: guard(own.messages.pop.bind(own.messages), OWN_WORKERS),
    settle: (settlements) => own.messages.settle(settlements),
    settleAndPop: (settlements, queue, request) => (isForeign(queue) ? refuse(queue, OWN_WORKERS) : own.messages.settleAndPop(settlements, queue, request)),
    renew: (receipts, lease) => own.messages.renew(receipts, lease),
    transact: (transaction) => {
      const pushes: unknown = (transaction as Partial<Transaction> | null | undefined)?.push;
      const to = Array.isArray(pushes) ? (pushes as Transaction["push"]).find((one) => isForeign((one as Partial<typeof one> | null)?.queue ?? "")) : undefined;
      return to === undefined ? own.messages.transact(transaction) : refuse(to.queue, "it can't take part in a transaction. Push to it afterwards.");
    },
    trace: async (events) => {
      const of = listOf(events, "events").find((event) => isForeign(objectOf(event, "event").messageId));
      return of === undefined ? own.messages.trace(events) : refuse(of.messageId, "its messages have no timeline.");
    },
  };

  const inspect: Inspect = {
    peek: (queue, request) => (isForeign(queue) ? foreign.peek(queue, request) : own.inspect.peek(queue, request)),
    browse: (queue, request) => (isForeign(queue) ? foreign.browse(queue, request) : own.inspect.browse(queue, request)),
    read: (id, group) => (isForeign(id) ? foreign.read(id) : own.inspect.read(id, group)),
    exists: async (ids) => [...(await own.inspect.exists(checkedIds(ids).filter((id) => !isForeign(id)))), ...(await foreign.exists(ids.filter(isForeign)))],
    stats: (queue) => (isForeign(queue) ? foreign.stats(queue) : own.inspect.stats(queue)),
    partitions: (queue, request) => (isForeign(queue) ? Promise.resolve({ items: [], next: null }) : own.inspect.partitions(queue, request)),
    groups: (queue) => (isForeign(queue) ? foreign.groups(queue) : own.inspect.groups(queue)),
    leases: (queue, request) => (isForeign(queue) ? foreign.leases(queue, request) : own.inspect.leases(queue, request)),
    deadLetters: (queue, request) => (isForeign(queue) ? foreign.deadLetters(queue, request) : own.inspect.deadLetters(queue, request)),
    countDeadLetters: (queue, filter) => (isForeign(queue) ? foreign.countDeadLetters(queue, filter) : own.inspect.countDeadLetters(queue, filter)),
    // As for the list of queues: own ones first.
    deadQueues: async (request = {}) => {
      if (request.after !== undefined && isForeign(request.after)) return await foreign.deadQueues(request);
      const page = await own.inspect.deadQueues(request);
      return { items: page.items, next: page.next ?? foreign.beforeFirst };
    },
    deadLetter: (id) => (isForeign(id) ? foreign.deadLetter(id) : own.inspect.deadLetter(id)),
    traces: (request) => ("messageId" in request && isForeign(request.messageId) ? foreign.traces(request.messageId) : own.inspect.traces(request)),
    traceNames: (request) => own.inspect.traceNames(request),
    seekPreview: guard(own.inspect.seekPreview.bind(own.inspect), "its consumers are its own, and Queuescope moves none of them."),
    metrics: guard(own.inspect.metrics.bind(own.inspect), "it counts nothing by the minute."),
    histogram: guard(own.inspect.histogram.bind(own.inspect), "counting its messages by time would mean reading all of them."),
    health: () => own.inspect.health(),
  };

  const groups = "its consumers are its own. Use its own tools, or the nats CLI.";
  const repair: Repair = {
    edit: guard(own.repair.edit.bind(own.repair), "its messages can't be edited where they are. Redrive a dead one with new data."),
    // One result an id: what isn't ours was not removed, and saying so is not enough.
    remove: (ids) => refuseAny(ids, "Queuescope deletes nothing from its streams. The nats CLI does: nats stream rmm.", () => own.repair.remove(ids)),
    cancel: (ids) => refuseAny(ids, "cancel its schedule with its own tools (naq job-control).", () => own.repair.cancel(ids)),
    purge: guard(own.repair.purge.bind(own.repair), UNCHANGED),
    discard: guard(own.repair.discard.bind(own.repair), "Queuescope deletes nothing from its streams. The nats CLI does: nats stream rmm."),
    async redrive(queue, request) {
      checkedRedrive(request);
      if (isForeign(queue)) return changing(queue, () => foreign.redrive(queue, request, (to, items) => own.messages.push(to, items)));
      return request.to !== undefined && isForeign(request.to) ? refuse(request.to, "dead letters of other queues can't be redriven into it. Push to it instead.") : own.repair.redrive(queue, request);
    },
    undoRedrive: guard(own.repair.undoRedrive.bind(own.repair), "what was redriven there can't be taken back. Let its own workers work it off."),
    seek: guard(own.repair.seek.bind(own.repair), groups),
    pauseGroup: guard(own.repair.pauseGroup.bind(own.repair), groups),
    resumeGroup: guard(own.repair.resumeGroup.bind(own.repair), groups),
    deleteGroup: guard(own.repair.deleteGroup.bind(own.repair), groups),
    hold: guard(own.repair.hold.bind(own.repair), groups),
    step: guard(own.repair.step.bind(own.repair), groups),
    letGo: guard(own.repair.letGo.bind(own.repair), groups),
  };

  async function refuseAny<T>(ids: readonly string[], why: string, act: () => Promise<T>): Promise<T> {
    const strange = checkedIds(ids).find(isForeign);
    return strange === undefined ? act() : refuse(strange, why);
  }

  const workers: Workers = {
    heartbeat: (worker) => own.workers.heartbeat(worker),
    list: async () => {
      const [ours, others] = await Promise.all([own.workers.list(), foreign.workers()]);
      return [...ours, ...others].sort((a, b) => Number(b.live) - Number(a.live));
    },
    remove: (id) => own.workers.remove(id),
    renewLeases: (id, lease) => own.workers.renewLeases(id, lease),
    releaseLeases: (id) => own.workers.releaseLeases(id),
  };

  return { queues, messages, inspect, repair, workers };
}
