import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Draft } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { t } from "../l10n.ts";
import { Button, IconButton, Select, TextField } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";

export interface TemplatesBarProps {
  readonly draft: Draft;
  readonly onLoad: (draft: Draft) => void;
  readonly onError: (error: unknown) => void;
}

/** Templates of the workspace: files that a team shares. */
export function TemplatesBar({ draft, onLoad, onError }: TemplatesBarProps): JSX.Element | null {
  const { client, announce } = useInspector();
  const templates = useCall("push.templates", {});
  const [name, setName] = useState("");
  const [asking, setAsking] = useState<"save" | "delete" | null>(null);
  const [newName, setNewName] = useState("");
  const names = templates.value?.names ?? [];
  if (templates.value === undefined || templates.value.folder === null) return null;

  async function act(action: () => Promise<unknown>, done: string): Promise<void> {
    setAsking(null);
    try {
      await action();
      templates.reload();
      announce(done);
    } catch (error) {
      onError(error);
    }
  }

  function load(chosen: string): void {
    setName(chosen);
    if (chosen !== "") void act(async () => { onLoad((await client.call("push.template", { name: chosen })).draft); }, t("Took the template {0}", chosen));
  }

  const saved = newName.trim();
  return (
    <>
      <Select label={t("Template")} value={name} onChange={load} choices={[{ value: "", label: names.length === 0 ? t("No templates yet") : t("Choose a template…") }, ...names.map((each) => ({ value: each, label: each }))]} />
      <Button onClick={() => { setNewName(name); setAsking("save"); }}>{t("Save as Template…")}</Button>
      {name !== "" && <IconButton icon="trash" label={t("Delete the template {0}", name)} onClick={() => { setAsking("delete"); }} />}
      {asking === "save" && (
        <Dialog
          title={t("Save as Template")}
          action={names.includes(saved) ? t("Replace {0}", saved) : t("Save")}
          disabled={saved === ""}
          onAction={() => void act(async () => {
            await client.call("push.saveTemplate", { name: saved, draft });
            setName(saved);
          }, t("Saved the template {0}", saved))}
          onCancel={() => { setAsking(null); }}
        >
          <TextField label={t("Name of the template")} placeholder={t("name")} value={newName} onChange={setNewName} />
          <p class="hint">{t("A file in {0}, to be shared with the team.", templates.value.folder)}</p>
        </Dialog>
      )}
      {asking === "delete" && (
        <Dialog title={t("Delete the template {0}?", name)} action={t("Delete {0}", name)} onAction={() => void act(async () => {
          await client.call("push.deleteTemplate", { name });
          setName("");
        }, t("Deleted the template {0}", name))} onCancel={() => { setAsking(null); }}>
          <p>{t("Its file in {0} is removed.", templates.value.folder)}</p>
        </Dialog>
      )}
    </>
  );
}
