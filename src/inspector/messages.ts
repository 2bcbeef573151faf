import { messageDetailHandlers } from "./messages-detail.ts";
import { messageListHandlers } from "./messages-list.ts";
import { messageTailHandlers } from "./messages-tail.ts";
import { messageTransferHandlers } from "./messages-transfer.ts";

export { messageRow, preview } from "./messages-row.ts";

export const messageHandlers = { ...messageListHandlers, ...messageTailHandlers, ...messageDetailHandlers, ...messageTransferHandlers };
