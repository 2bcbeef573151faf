/** Every command of the manifest. `commands/index.ts` has a handler for each; a unit test compares this list with package.json. */
export const COMMAND_IDS = [
  "queuescope.refresh",
  "queuescope.filterQueues",
  "queuescope.clearQueueFilter",
  "queuescope.filterPartitions",
  "queuescope.showMore",
  "queuescope.copyName",
  "queuescope.openLog",
  "queuescope.openWorkspaceFile",
  "queuescope.setEncryptionKey",

  "queuescope.addConnection",
  "queuescope.removeConnection",
  "queuescope.connect",
  "queuescope.disconnect",
  "queuescope.setCredentials",
  "queuescope.startLocalNats",
  "queuescope.stopLocalNats",

  "queuescope.openInspector",
  "queuescope.openInspectorBeside",
  "queuescope.createQueue",
  "queuescope.configureQueue",
  "queuescope.pauseQueue",
  "queuescope.resumeQueue",
  "queuescope.purgeQueue",
  "queuescope.deleteQueue",

  "queuescope.pushMessage",
  "queuescope.newPushDocument",
  "queuescope.pushDocument",
  "queuescope.pushFile",
  "queuescope.pushSelection",

  "queuescope.popMessage",
  "queuescope.ackMessage",
  "queuescope.nackMessage",
  "queuescope.releaseMessage",
  "queuescope.deadMessage",
  "queuescope.renewLease",

  "queuescope.peekMessages",
  "queuescope.openMessage",
  "queuescope.editMessage",
  "queuescope.removeMessage",
  "queuescope.cancelMessage",
  "queuescope.showTrace",

  "queuescope.pauseGroup",
  "queuescope.resumeGroup",
  "queuescope.seekGroup",
  "queuescope.deleteGroup",

  "queuescope.redrive",
  "queuescope.redriveAll",
  "queuescope.redriveEdited",
  "queuescope.redriveDocument",
  "queuescope.discard",
  "queuescope.discardAll",

  "queuescope.startWorker",
  "queuescope.debugWorker",
  "queuescope.stopWorker",
  "queuescope.debugMessage",

  "queuescope.openStreamItem",

  "queuescope.startTap",
  "queuescope.tapIntoQueue",
  "queuescope.stopTap",
  "queuescope.clearTap",
  "queuescope.removeTap",
  "queuescope.openArrival",
  "queuescope.saveArrivals",
  "queuescope.publish",
] as const;

export type CommandId = (typeof COMMAND_IDS)[number];

/** Commands that run the workspace's code or a server in it, or end the process that its file names: refused in Restricted Mode, wherever they come from. */
export const TRUSTED_COMMANDS: ReadonlySet<CommandId> = new Set(["queuescope.startWorker", "queuescope.debugWorker", "queuescope.stopWorker", "queuescope.debugMessage", "queuescope.startLocalNats", "queuescope.stopLocalNats"]);
