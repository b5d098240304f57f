import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RunKind, RunState } from "../../../api/common.ts";
import type { RunPage, RunRow } from "../../../api/runs.ts";
import { type ApiFailure, failureOf } from "../../data/failure.ts";
import { running } from "../../data/live.ts";
import { request } from "../../data/request.ts";
import { useResource } from "../../data/resource.ts";
import { here, setQuery } from "../../router/location.ts";
import { words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField } from "../../ui/field.tsx";
import { FailureNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Loaded } from "../../ui/placeholder.tsx";
import { RunTable } from "./run-table.tsx";
import { RunningCard } from "./running-card.tsx";

const kinds: readonly RunKind[] = ["backup", "restore", "undo", "rescue", "verify", "prune", "drill"];
const states: readonly RunState[] = [
  "running",
  "done",
  "losses",
  "failed",
  "refused",
  "damaged",
  "busy",
  "interrupted",
];
const limit = 50;

/** The history of what was done. */
export function RunsPage() {
  const text = words.value;
  const { query } = here.value;
  const [kind, state] = [query.get("kind") ?? "", query.get("state") ?? ""];
  const wanted = new URLSearchParams({ limit: String(limit), ...(kind && { kind }), ...(state && { state }) });
  const path = `api/runs?${wanted}`;
  const resource = useResource<RunPage>(path);
  return (
    <>
      <PageHeader title={text.common.runs} />
      <div class="stack large">
        {running.value.length > 0 && <RunningCard runs={running.value} />}
        <section aria-label={text.common.runs}>
          <div class="toolbar">
            <SelectField
              label={text.runs.kind}
              isLabelHidden
              value={kind}
              options={[["", text.runs.allKinds], ...kinds.map((name) => [name, text.common.kinds[name]] as const)]}
              onChange={(value) => setQuery({ kind: value })}
            />
            <SelectField
              label={text.runs.state}
              isLabelHidden
              value={state}
              options={[["", text.runs.allStates], ...states.map((name) => [name, text.common.states[name]] as const)]}
              onChange={(value) => setQuery({ state: value })}
            />
          </div>
          <Loaded from={resource}>
            {(page) =>
              page.runs.length === 0 ? (
                <Empty title={kind === "" && state === "" ? text.runs.empty : text.runs.nothingFound} icon="runs">
                  {(kind !== "" || state !== "") && (
                    <Button onClick={() => setQuery({ kind: "", state: "" })}>{text.archives.clearFilters}</Button>
                  )}
                </Empty>
              ) : (
                <Pages first={page} path={path} />
              )
            }
          </Loaded>
        </section>
      </div>
    </>
  );
}

/** The first page, which is kept up to date, and older ones that were asked for. */
function Pages({ first, path }: { first: RunPage; path: string }) {
  const older = useSignal<readonly RunRow[]>([]);
  const hasMore = useSignal<boolean | undefined>(undefined);
  const isBusy = useSignal(false);
  const failure = useSignal<ApiFailure | undefined>(undefined);
  useEffect(() => {
    older.value = [];
    hasMore.value = undefined;
  }, [path]);
  const newest = new Set(first.runs.map(({ id }) => id));
  const rows = [...first.runs, ...older.value.filter(({ id }) => !newest.has(id))];
  const loadOlder = async (): Promise<void> => {
    isBusy.value = true;
    failure.value = undefined;
    try {
      const page = await request<RunPage>("GET", `${path}&before=${rows.at(-1)?.id ?? 0}`);
      older.value = [...older.value, ...page.runs];
      hasMore.value = page.hasMore;
    } catch (error) {
      failure.value = failureOf(error);
    }
    isBusy.value = false;
  };
  return (
    <>
      <RunTable runs={rows} />
      {failure.value !== undefined && <FailureNotice failure={failure.value} />}
      {(hasMore.value ?? first.hasMore) && (
        <div class="load-more">
          <Button icon="down" isBusy={isBusy.value} onClick={() => void loadOlder()}>
            {words.value.runs.older}
          </Button>
        </div>
      )}
    </>
  );
}
