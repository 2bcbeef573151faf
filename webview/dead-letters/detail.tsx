import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { DeadDetail } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { t } from "../l10n.ts";
import { PayloadView } from "../messages/payload.tsx";
import { Button, IconButton } from "../parts/controls.tsx";
import { bytes } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { Time } from "../parts/time.tsx";
import { DifferenceDialog } from "./edit-dialog.tsx";
import { MessageLinks } from "./links.tsx";

export interface LetterActions {
  readonly onRedrive: (id: string) => void;
  readonly onEdit: (letter: DeadDetail) => void;
  readonly onDiscard: (id: string) => void;
  readonly onClose: () => void;
}

/** All about one dead letter: why it died, what it was, and what became of it. */
export function LetterDetail({ id, ...actions }: { readonly id: string } & LetterActions): JSX.Element {
  const { value, error } = useCall("deadLetters.get", { id });
  return (
    <section class="details" aria-label={t("Dead letter {0}", id)} onKeyDown={(event) => { if (event.key === "Escape") actions.onClose(); }}>
      <div class="details-head">
        <h2 class="mono" title={id}>{id}</h2>
        {value !== undefined && <span class="details-state">{value.redriven.length > 0 ? t("redriven") : t("not redriven")}</span>}
        <span class="spacer" />
        <IconButton icon="close" label={t("Close the details")} onClick={actions.onClose} />
      </div>
      {error !== undefined && <Failure error={error} />}
      {value === undefined ? error === undefined && <p class="loading" role="status">{t("Reading…")}</p> : <Known letter={value} actions={actions} />}
    </section>
  );
}

function Known({ letter, actions }: { readonly letter: DeadDetail; readonly actions: LetterActions }): JSX.Element {
  const { client, surroundings, announce } = useInspector();
  const { id, queue, error, stack, headers, content, truncated, size, messageId } = letter;
  const inEditor = surroundings.surface === "editor";
  return (
    <>
      <div class="toolbar">
        {!surroundings.connection.readOnly && (
          <>
            <Button primary icon="debug-restart" onClick={() => { actions.onRedrive(id); }}>{t("Redrive…")}</Button>
            {inEditor && <Button icon="debug-alt" title={t("Runs the handler under the debugger, with exactly this message")} onClick={() => { client.call("debug.deadLetter", { id }).catch((reason: unknown) => { announce(String(reason)); }); }}>{t("Debug")}</Button>}
            <Button icon="edit" onClick={() => { actions.onEdit(letter); }}>{t("Edit and Redrive…")}</Button>
            <Button icon="trash" onClick={() => { actions.onDiscard(id); }}>{t("Discard…")}</Button>
          </>
        )}
        {inEditor && <Button icon="go-to-file" onClick={() => { client.call("deadLetters.open", { queue, id, how: "open" }).catch((reason: unknown) => { announce(String(reason)); }); }}>{t("Open in Editor")}</Button>}
      </div>
      <div class="details-body">
        <section>
          <h3>{t("Error")}</h3>
          <p class="error-text">{error ?? t("no error was given")}</p>
          {stack !== null && stack !== error && <details><summary>{t("Stack")}</summary><pre class="stack" tabIndex={0}>{stack}</pre></details>}
        </section>
        <Provenance letter={letter} />
        <PayloadView key={id} detail={{ content, truncated, row: { id: messageId, size } }} />
        {Object.keys(headers).length > 0 && (
          <section>
            <h3>{t("Headers")}</h3>
            <dl class="facts">{Object.entries(headers).map(([name, value]) => <Fact key={name} name={name}><span class="mono">{value}</span></Fact>)}</dl>
          </section>
        )}
        <Facts letter={letter} />
      </div>
    </>
  );
}

/** The message it was, what that was redriven from, and what it was redriven to. */
function Provenance({ letter }: { readonly letter: DeadDetail }): JSX.Element {
  const { client, surroundings, announce, show, queue } = useInspector();
  const [compared, setCompared] = useState<string>();
  const { id, messageId, messageExists, existing, redriven, redrivenFrom, group } = letter;

  function compare(to: string): void {
    if (surroundings.surface === "browser") setCompared(to);
    else client.call("deadLetters.openDifference", { id, messageId: to, group }).catch((reason: unknown) => { announce(String(reason)); });
  }

  return (
    <section>
      <h3>{t("Where it comes from, and what it became")}</h3>
      <dl class="facts">
        {redrivenFrom !== null && <Fact name={t("redriven from")}>{redrivenFrom.queue === queue.name ? <button type="button" class="link mono" onClick={() => { show("dead-letters", { deadLetterId: redrivenFrom.deadLetterId }); }}>{redrivenFrom.deadLetterId}</button> : <span class="mono">{redrivenFrom.deadLetterId}</span>} <MessageLinks queue={redrivenFrom.queue} id={redrivenFrom.messageId} /></Fact>}
        <Fact name={t("message")}><MessageLinks queue={letter.queue} id={messageId} gone={!messageExists} /></Fact>
        {redriven.map((to) => (
          <Fact key={to.messageId} name={t("redriven to")}>
            <MessageLinks queue={to.queue} id={to.messageId} gone={!existing.includes(to.messageId)} /> <Time at={to.at} />{" "}
            {existing.includes(to.messageId) && <button type="button" class="link" onClick={() => { compare(to.messageId); }}>{t("Compare")}</button>}
          </Fact>
        ))}
        {redriven.length === 0 && <Fact name={t("redriven to")}>{t("nothing yet")}</Fact>}
      </dl>
      {compared !== undefined && <DifferenceDialog id={id} messageId={compared} onClose={() => { setCompared(undefined); }} />}
    </section>
  );
}

function Facts({ letter }: { readonly letter: DeadDetail }): JSX.Element {
  const { group, reason, attempts, deliveryCount, deadAt, createdAt, partition, transactionId, messageId, priority, size, content } = letter;
  return (
    <section>
      <h3>{t("Facts")}</h3>
      <dl class="facts">
        <Fact name={t("died")}><Time at={deadAt} /></Fact>
        <Fact name={t("why")}>{reasonText(reason)}</Fact>
        <Fact name={t("group")}>{group}</Fact>
        <Fact name={t("attempts")}>{attempts}</Fact>
        <Fact name={t("deliveries")}>{deliveryCount}</Fact>
        <Fact name={t("entered")}><Time at={createdAt} /></Fact>
        <Fact name={t("partition")}>{partition ?? t("none")}</Fact>
        {transactionId !== messageId && <Fact name={t("transaction id")}><span class="mono">{transactionId}</span></Fact>}
        {priority > 0 && <Fact name={t("priority")}>{priority}</Fact>}
        <Fact name={t("size")}>{`${bytes(size)}, ${content.encoding}`}</Fact>
      </dl>
    </section>
  );
}

function reasonText(reason: DeadDetail["reason"]): string {
  switch (reason) {
    case "retries-exhausted":
      return t("its retries were used up");
    case "rejected":
      return t("it was rejected");
    case "lease-expired":
      return t("its leases ran out");
  }
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return <div class="fact"><dt title={name}>{name}</dt><dd>{children}</dd></div>;
}
