import type { JSX } from "preact";
import type { MessageAttempt, MessageDetail } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { t } from "../l10n.ts";
import { IconButton } from "../parts/controls.tsx";
import { bytes, number } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { Countdown, Time } from "../parts/time.tsx";
import { MessageActions } from "./actions.tsx";
import { PayloadView } from "./payload.tsx";
import { stateName, StateMark } from "./state.tsx";

/** All about one message. */
export function Details({ id, onClose }: { readonly id: string; readonly onClose: () => void }): JSX.Element {
  const { group } = useInspector();
  const { value, error, reload } = useCall("messages.get", { id, group });
  return (
    <section class="details" aria-label={t("Message {0}", id)} onKeyDown={(event) => { if (event.key === "Escape") onClose(); }}>
      <div class="details-head">
        <h2 class="mono" title={id}>{id}</h2>
        {value !== undefined && <span class="details-state"><StateMark state={value.row.state} /> {stateName(value.row.state)}</span>}
        <span class="spacer" />
        <IconButton icon="close" label={t("Close the details")} onClick={onClose} />
      </div>
      {error !== undefined && <Failure error={error} />}
      {value === undefined ? error === undefined && <p class="loading" role="status">{t("Reading…")}</p> : <Known detail={value} onChanged={reload} />}
    </section>
  );
}

function Known({ detail, onChanged }: { readonly detail: MessageDetail; readonly onChanged: () => void }): JSX.Element {
  return (
    <>
      <MessageActions detail={detail} onChanged={onChanged} />
      <div class="details-body">
        <PayloadView key={detail.row.id} detail={detail} />
        <Headers headers={detail.row.headers} />
        <Facts detail={detail} />
        <Standings detail={detail} />
        <Attempts attempts={detail.attempts} />
      </div>
    </>
  );
}

function Headers({ headers }: { readonly headers: Readonly<Record<string, string>> }): JSX.Element | null {
  const all = Object.entries(headers);
  if (all.length === 0) return null;
  return (
    <section>
      <h3>{t("Headers")}</h3>
      <dl class="facts">{all.map(([name, value]) => <Fact key={name} name={name}><span class="mono">{value}</span></Fact>)}</dl>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }): JSX.Element {
  return <div class="fact"><dt title={name}>{name}</dt><dd>{children}</dd></div>;
}

function Facts({ detail }: { readonly detail: MessageDetail }): JSX.Element {
  const { show } = useInspector();
  const { row, expiresAt, editedAt, redrivenFrom, redrivenTo, content } = detail;
  return (
    <section>
      <h3>{t("Facts")}</h3>
      <dl class="facts">
        <Fact name={t("entered")}><Time at={row.createdAt} /></Fact>
        <Fact name={t("partition")}>{row.partition ?? t("none")}</Fact>
        {row.transactionId !== row.id && <Fact name={t("transaction id")}><span class="mono">{row.transactionId}</span></Fact>}
        {row.priority > 0 && <Fact name={t("priority")}>{row.priority}</Fact>}
        <Fact name={t("size")}>{`${bytes(row.size)}, ${content.encoding}`}</Fact>
        {expiresAt !== null && <Fact name={t("expires")}><Time at={expiresAt} /></Fact>}
        {editedAt !== null && <Fact name={t("edited")}><Time at={editedAt} /></Fact>}
        {redrivenFrom !== null && <Fact name={t("redriven from")}><Elsewhere link={redrivenFrom} onShow={() => { show("dead-letters", { deadLetterId: redrivenFrom.deadLetterId }); }} text={redrivenFrom.deadLetterId} /></Fact>}
        {redrivenTo.map((link) => <Fact key={link.messageId} name={t("redriven to")}><Elsewhere link={link} onShow={() => { show("messages", { messageId: link.messageId }); }} text={link.messageId} /></Fact>)}
      </dl>
    </section>
  );
}

/** A link within this queue; of another queue its name is said. */
function Elsewhere({ link, text, onShow }: { readonly link: { readonly queue: string }; readonly text: string; readonly onShow: () => void }): JSX.Element {
  const { queue } = useInspector();
  return link.queue === queue.name ? <button type="button" class="link" onClick={onShow}>{text}</button> : <span>{t("{0} of {1}", text, link.queue)}</span>;
}

function Standings({ detail }: { readonly detail: MessageDetail }): JSX.Element {
  return (
    <section>
      <h3>{t("By group")}</h3>
      <table class="standings">
        <thead><tr><th scope="col">{t("Group")}</th><th scope="col">{t("State")}</th><th scope="col" class="numeric">{t("Deliveries")}</th><th scope="col" class="numeric">{t("Failures")}</th><th scope="col">{t("Worker")}</th></tr></thead>
        <tbody>
          {detail.standings.map(({ group, state, until, deliveryCount, charges, worker, lastError }) => (
            <tr key={group}>
              <th scope="row">{group}</th>
              <td><StateMark state={state} /> {stateName(state)}{until !== null && <> ({until > Date.now() ? <>{t("in")} <Countdown to={until} /></> : <Time at={until} />})</>}{lastError !== null && <div class="error-text">{lastError}</div>}</td>
              <td class="numeric">{number(deliveryCount)}</td>
              <td class="numeric">{number(charges)}</td>
              <td>{worker ?? ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {detail.moreGroups && <p class="hint">{t("There are more groups: choose one above.")}</p>}
    </section>
  );
}

function Attempts({ attempts }: { readonly attempts: readonly MessageAttempt[] }): JSX.Element {
  const { queue } = useInspector();
  return (
    <section>
      <h3>{t("What happened")}</h3>
      {attempts.length === 0 && <p class="hint">{queue.options["trace"] === "off" ? t("Nothing is recorded: the queue's option trace is off.") : t("Nothing but the push. With the queue's option trace set to all, leases and acks are recorded too.")}</p>}
      <ol class="attempts">
        {attempts.map((event, i) => (
          <li key={i}>
            <Time at={event.at} /> <strong>{event.type}</strong>
            {event.attempt !== null && <span> {t("attempt {0}", event.attempt)}</span>}
            {event.group !== null && event.group !== "default" && <span> {t("in group {0}", event.group)}</span>}
            {event.worker !== null && <span> {t("by {0}", event.worker)}</span>}
            {event.error !== null && <div class="error-text">{event.error}</div>}
            {event.stack !== null && <details><summary>{t("Stack")}</summary><pre class="stack">{event.stack}</pre></details>}
          </li>
        ))}
      </ol>
    </section>
  );
}
