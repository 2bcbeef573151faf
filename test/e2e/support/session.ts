import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Workbench } from "../pages/workbench.ts";
import { vsixPath } from "./project.ts";
import { SETTINGS } from "./settings.ts";
import { openWindow } from "./window.ts";

export interface SessionOptions {
  /** Of the folder that keeps the screenshots. */
  readonly name: string;
  /** Fills the folder that VS Code will open; its path has a blank in it. */
  readonly prepare?: (folder: string) => Promise<void>;
  readonly workspaceTrust?: boolean;
  /** Keyboard shortcuts, as in keybindings.json. */
  readonly keybindings?: readonly { readonly key: string; readonly command: string }[];
  /** Added to the environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A VS Code of its own, with a screenshot of each step. */
export interface Session extends AsyncDisposable {
  readonly workbench: Workbench;
  readonly folder: string;
  /** Does it, and takes a screenshot of what came of it. */
  readonly step: (title: string, action: (workbench: Workbench) => Promise<void>) => Promise<void>;
}

/** Long, because a busy machine is slow; a step that works doesn't wait for it. */
const ACTION_TIMEOUT = 60_000;

export async function openSession({ name, prepare, workspaceTrust = false, keybindings = [], env = {} }: SessionOptions): Promise<Session> {
  await using opened = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), "queuescope-e2e-"));
  opened.defer(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const [folder, userData, extensions] = [join(home, "my shop"), join(home, "user data"), join(home, "extensions")];
  await Promise.all([mkdir(folder), mkdir(join(userData, "User"), { recursive: true }), mkdir(extensions)]);
  await writeFile(join(userData, "User", "settings.json"), JSON.stringify(SETTINGS));
  await writeFile(join(userData, "User", "keybindings.json"), JSON.stringify(keybindings));
  await prepare?.(folder);

  const window = opened.use(await openWindow({ folder, vsix: vsixPath(), userData, extensions, workspaceTrust, env: { ...process.env, ...env } }));
  window.page.setDefaultTimeout(ACTION_TIMEOUT);
  const workbench = new Workbench(window.page);

  const results = join(import.meta.dirname, "..", "..", "..", "test-results", "e2e", name);
  await rm(results, { recursive: true, force: true });
  await mkdir(results, { recursive: true });
  let steps = 0;
  const screenshot = (title: string): Promise<Buffer> => window.page.screenshot({ path: join(results, `${String(++steps).padStart(2, "0")} ${title.replace(/[^\w .,-]+/g, "_")}.png`) });

  const step = async (title: string, action: (workbench: Workbench) => Promise<void>): Promise<void> => {
    try {
      await action(workbench);
      await screenshot(title);
    } catch (error) {
      await screenshot(`FAILED ${title}`);
      await cp(join(userData, "logs"), join(results, "logs"), { recursive: true, force: true });
      throw new Error(`${title}: ${error instanceof Error ? error.message : String(error)}\nScreenshots and logs: ${results}`, { cause: error });
    }
  };
  await step("VS Code opens", () => workbench.ready());

  const resources = opened.move();
  return { workbench, folder, step, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
