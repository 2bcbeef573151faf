import { QueuescopeError } from "../../core/index.ts";

/** First release of each line without the WAL-reset bug, which corrupts files that several processes write and checkpoint. */
const SAFE_SQLITE: readonly (readonly [number, number, number])[] = [
  [3, 44, 6],
  [3, 50, 7],
];
const SAFE_SINCE: readonly [number, number, number] = [3, 51, 3];

export function isSafeSqlite(version: string): boolean {
  const parts = version.split(".").map(Number);
  const at = [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0] as const;
  if (compare(at, SAFE_SINCE) >= 0) return true;
  return SAFE_SQLITE.some((safe) => safe[0] === at[0] && safe[1] === at[1] && at[2] >= safe[2]);
}

/** @throws version-unsupported */
export function checkSqlite(version: string, node: string): void {
  if (isSafeSqlite(version)) return;
  throw new QueuescopeError(
    "version-unsupported",
    `SQLite ${version} of Node.js ${node} can corrupt a file that several processes write. Use Node.js 22.22.3, 24.15.0, 25.9.0 or later, or VS Code 1.123 or later.`,
  );
}

export function noSqlite(node: string, cause: unknown): QueuescopeError {
  return new QueuescopeError("version-unsupported", `Node.js ${node} has no SQLite. Queuescope needs Node.js 22.22.3, 24.15.0, 25.9.0 or later.`, { cause });
}

function compare(a: readonly [number, number, number], b: readonly [number, number, number]): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Linux' `statfs` types of file systems whose locks or shared memory can't be trusted between machines. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x01021997, "9p (WSL's /mnt/c, or a virtual machine's shared folder)"],
  [0x6a656a63, "virtiofs"],
  [0x65735546, "FUSE"],
  [0x00c36400, "CephFS"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x73757245, "Coda"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0x786f4256, "VirtualBox' shared folder"],
  [0xbacbacbc, "VMware's shared folder"],
  [0x19830326, "BeeGFS"],
  [0x564c, "NCP"],
]);

/** What kind of network file system a `statfs` type is; `null` for a local one. */
export function networkFileSystem(type: number): string | null {
  return NETWORK_TYPES.get(type >>> 0) ?? null;
}

/** @throws unsupported */
export function checkFileSystem(type: number, path: string): void {
  const kind = networkFileSystem(type);
  if (kind === null) return;
  throw new QueuescopeError("unsupported", `${path} is on a network or shared file system (${kind}), where SQLite's locks can't be trusted and messages could be lost. Put the file on a local disk: set QUEUESCOPE_URL to file:/some/local/path, or use a server for several machines.`);
}
