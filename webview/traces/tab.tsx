import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as z from "zod/mini";
import { useInspector } from "../app/inspector.ts";
import type { TabProps } from "../app/tab-bar.tsx";
import { useCall } from "../app/use-call.ts";
import { useRemembered } from "../app/use-remembered.ts";
import { t } from "../l10n.ts";
import { Button, Checkbox, Select, TextField } from "../parts/controls.tsx";
import { Failure } from "../parts/notice.tsx";
import { Found, Names } from "./lists.tsx";
import { Story } from "./story.tsx";

const KINDS = ["message", "name", "text"] as const;
type Kind = (typeof KINDS)[number];

/** What is shown: a message's life, all under one name, the names there are, or events with a text. */
const shownShape = z.object({ kind: z.enum(["message", "name", "names", "text"]), text: z.string() });
type Shown = z.infer<typeof shownShape>;
const NAMES: Shown = { kind: "names", text: "" };

/** What is typed is asked for when the typing rests. */
const TYPING_MS = 300;

/** Found by message, by trace name, or by text. */
export function TracesTab({ start }: TabProps): JSX.Element {
  const { queue } = useInspector();
  const [shown, setShown] = useRemembered("shown", shownShape, NAMES);
  const [kind, setKind] = useState<Kind>(shown.kind === "names" ? "name" : shown.kind);
  const [text, setText] = useState(shown.text);
  const [everywhere, setEverywhere] = useState(true);

  function go(next: Shown): void {
    setShown(next);
    setKind(next.kind === "names" ? "name" : next.kind);
    setText(next.text);
  }
  useEffect(() => {
    if (start.messageId !== undefined) go({ kind: "message", text: start.messageId });
    else if (start.traceName !== undefined) go({ kind: "name", text: start.traceName });
  }, [start]);
  // Names are narrowed while one types; a message is looked up, and text searched for, once asked to.
  useEffect(() => {
    if (kind !== "name" || shown.kind !== "names" || text === shown.text) return;
    const timer = setTimeout(() => { setShown({ kind: "names", text: text.trim() }); }, TYPING_MS);
    return () => { clearTimeout(timer); };
  }, [text, kind, shown.kind]);
  function find(): void {
    const wanted = text.trim();
    if (kind === "name" || wanted === "") setShown({ kind: "names", text: kind === "name" ? wanted : "" });
    else setShown({ kind, text: wanted });
  }

  return (
    <>
      <div class="toolbar">
        {shown.kind !== "names" && <Button icon="arrow-left" onClick={() => { go(NAMES); }}>{t("All Trace Names")}</Button>}
        <Select label={t("Find by")} value={kind} onChange={(value) => { setKind(KINDS.find((one) => one === value) ?? "name"); }} choices={[{ value: "name", label: t("Trace name") }, { value: "message", label: t("Message id") }, { value: "text", label: t("Text") }]} />
        <TextField label={placeholder(kind)} placeholder={placeholder(kind)} value={text} onChange={setText} onEnter={find} />
        <Button icon="search" onClick={find}>{t("Find")}</Button>
        {kind === "text" && <Checkbox label={t("In all queues")} value={everywhere} onChange={setEverywhere} />}
      </div>
      {shown.kind === "names" && <Names match={shown.text} onOpen={(name) => { go({ kind: "name", text: name }); }} />}
      {shown.kind === "text" && <Found key={`${shown.text} ${everywhere}`} match={shown.text} queue={everywhere ? undefined : queue.name} onOpen={(id) => { go({ kind: "message", text: id }); }} />}
      {shown.kind === "message" && <OfMessage key={shown.text} id={shown.text} />}
      {shown.kind === "name" && <OfName key={shown.text} name={shown.text} />}
    </>
  );
}

function OfMessage({ id }: { readonly id: string }): JSX.Element {
  const { value, error } = useCall("traces.message", { id });
  if (value !== undefined) return <Story story={value} title={id} messageId={id} />;
  return error === undefined ? <p class="loading" role="status">{t("Reading…")}</p> : <Failure error={error} />;
}

function OfName({ name }: { readonly name: string }): JSX.Element {
  const { value, error } = useCall("traces.name", { name });
  if (value !== undefined) return <Story story={value} title={name} messageId={null} />;
  return error === undefined ? <p class="loading" role="status">{t("Reading…")}</p> : <Failure error={error} />;
}

function placeholder(kind: Kind): string {
  switch (kind) {
    case "name":
      return t("Part of a trace name");
    case "message":
      return t("Id of a message");
    case "text":
      return t("Text in events, errors and workers");
  }
}
