import { zipSync } from "fflate";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { arch, platform } from "node:os";
import type { TestContext } from "node:test";
import { archiveName, BINARY, RELEASE } from "../../src/client/nats-server/release.ts";

export const ARCHIVE = archiveName(RELEASE, platform(), arch());

/** What a release of nats-server holds, by the name of its file. */
export type Files = Readonly<Record<string, Uint8Array | string>>;

/** A place on loopback that offers a release as GitHub does: behind a redirect, with SHA256SUMS beside the archives. */
export async function releaseServer(context: Pick<TestContext, "after">, files: Files): Promise<{ readonly mirror: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? "").split("/").at(-1) ?? "";
    const body = files[name];
    if (request.url?.startsWith(`/official/v${RELEASE}/`) === true && body !== undefined) {
      response.writeHead(302, { location: `/storage/${name}` }).end();
      return;
    }
    asked.push(name);
    if (body === undefined) response.writeHead(404).end("not here");
    else response.end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { mirror: `http://127.0.0.1:${(server.address() as AddressInfo).port}/official`, asked };
}

/** A real archive, packed as the project packs its own, and its line in SHA256SUMS. */
export function release(binary: Uint8Array | string, { name = BINARY }: { readonly name?: string } = {}): Files {
  const folder = ARCHIVE.replace(/\.zip$/, "");
  const archive = zipSync({ [`${folder}/README.md`]: Buffer.from("read me"), [`${folder}/${name}`]: Buffer.from(binary) }, { level: 1 });
  return { [ARCHIVE]: archive, SHA256SUMS: `${"0".repeat(64)}  nats-server-v${RELEASE}-plan9-mips.zip\n${sha256(archive)}  ${ARCHIVE}\n` };
}

export function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
