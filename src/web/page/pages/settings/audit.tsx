import { useSignal } from "@preact/signals";
import type { AuditEntry } from "../../../api/session.ts";
import { useResource } from "../../data/resource.ts";
import { runPath } from "../../router/routes.ts";
import { words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Empty, Loaded } from "../../ui/placeholder.tsx";

const step = 100;

/** Who did what, newest first. */
export function Audit() {
  const text = words.value.settings;
  const limit = useSignal(step);
  const resource = useResource<AuditEntry[]>(`api/audit?limit=${limit.value}`);
  return (
    <div class="stack">
      <p class="muted">{text.auditAbout}</p>
      <Loaded from={resource}>
        {(entries) => (
          <>
            {entries.length === 0 ? <Empty title={text.noAudit} icon="user" /> : <AuditTable entries={entries} />}
            {entries.length >= limit.value && (
              <div class="load-more">
                <Button
                  icon="down"
                  onClick={() => {
                    limit.value += step;
                  }}
                >
                  {text.moreAudit}
                </Button>
              </div>
            )}
          </>
        )}
      </Loaded>
    </div>
  );
}

function AuditTable({ entries }: { entries: readonly AuditEntry[] }) {
  const text = words.value.settings;
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">{text.who}</th>
          <th scope="col">{text.action}</th>
          <th scope="col">{text.subject}</th>
          <th scope="col">{text.when}</th>
          <th scope="col">{text.address}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ id, at, who, address, action, subject, runId }) => (
          <tr key={id}>
            <th scope="row" class="row-name">
              {who}
            </th>
            <td data-label={text.action}>{text.actions[action] ?? action}</td>
            <td data-label={text.subject} class="path">
              {runId === null ? (
                (subject ?? "—")
              ) : (
                <a href={runPath(runId)}>{subject ?? words.value.runs.number(runId)}</a>
              )}
            </td>
            <td data-label={text.when}>
              <Moment at={at} />
            </td>
            <td data-label={text.address} class="muted">
              {address}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
