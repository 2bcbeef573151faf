/** Certificates for tests of TLS, made with openssl: an authority, a server's for 127.0.0.1 and localhost, and a client's. */
import { execFile, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "./folder.ts";

const run = promisify(execFile);

/** Paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly server: Pair;
  readonly client: Pair;
}

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** For `skip`: false, or why no certificates can be made here. */
export function certificatesSkip(): string | false {
  return spawnSync("openssl", ["version"]).status === 0 ? false : "openssl isn't on PATH, and the certificates are made with it";
}

export async function makeCertificates(context: Pick<TestContext, "after">): Promise<Certificates> {
  const folder = await temporaryFolder(context);
  const authority = { cert: join(folder, "ca.pem"), key: join(folder, "ca-key.pem") };
  await run("openssl", ["req", "-x509", ...KEY, "-keyout", authority.key, "-out", authority.cert, "-days", "2", "-subj", "/CN=Test authority"]);
  const [server, client] = await Promise.all([
    signed(folder, "server", authority, "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n"),
    signed(folder, "client", authority, "extendedKeyUsage=clientAuth\n"),
  ]);
  return { ca: authority.cert, server, client };
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function signed(folder: string, name: string, authority: Pair, extensions: string): Promise<Pair> {
  const path = (end: string): string => join(folder, `${name}${end}`);
  await writeFile(path(".ext"), extensions);
  await run("openssl", ["req", ...KEY, "-keyout", path("-key.pem"), "-out", path(".csr"), "-subj", `/CN=${name}`]);
  await run("openssl", ["x509", "-req", "-in", path(".csr"), "-CA", authority.cert, "-CAkey", authority.key, "-CAcreateserial", "-CAserial", path(".srl"), "-days", "2", "-out", path(".pem"), "-extfile", path(".ext")]);
  return { cert: path(".pem"), key: path("-key.pem") };
}
