import type { Overview } from "../../../api/overview.ts";
import { running } from "../../data/live.ts";
import { useResource } from "../../data/resource.ts";
import { words } from "../../text/language.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { Loaded } from "../../ui/placeholder.tsx";
import { RunningCard } from "../runs/running-card.tsx";
import { LastCards } from "./last-cards.tsx";
import { NextRuns } from "./next-runs.tsx";
import { RoomCard } from "./room-card.tsx";
import { StatusCard } from "./status-card.tsx";
import { Trends } from "./trends.tsx";

/** How things stand, at a glance. */
export function OverviewPage() {
  const resource = useResource<Overview>("api/overview");
  const { instance } = resource.data ?? {};
  const about = instance === undefined ? undefined : words.value.overview.host(instance.host, instance.version);
  return (
    <>
      <PageHeader title={instance?.name ?? words.value.common.overview} about={about} />
      <Loaded from={resource}>
        {(overview) => (
          <div class="stack large">
            <StatusCard overview={overview} />
            {running.value.length > 0 && <RunningCard runs={running.value} />}
            <LastCards overview={overview} />
            <div class="overview-low">
              <Trends trend={overview.trend} />
              <div class="stack large">
                {overview.room !== null && <RoomCard room={overview.room} />}
                <NextRuns nextRuns={overview.nextRuns} />
              </div>
            </div>
          </div>
        )}
      </Loaded>
    </>
  );
}
