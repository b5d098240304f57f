import { ArchiveReaderThread } from "../operations/catalog/archive-reader.ts";
import { ArchiveCatalog } from "../operations/catalog/catalog.ts";
import { OwnInstanceKey } from "../operations/catalog/own-key.ts";
import { RestorePlans } from "../operations/plans/restore-plans.ts";
import { RunWatch } from "../operations/runs/run-watch.ts";
import { RunStreams } from "./events/run-streams.ts";
import type { WebService } from "./web-service.ts";

/** What routes share: what is seen, known and under way, once for all who look. */
export interface DataParts {
  service: WebService;
  streams: RunStreams;
  catalog: ArchiveCatalog;
  /** Looks through whole archives, beside the one that the catalog has its archives looked at with. */
  reader: ArchiveReaderThread;
  ownKey: OwnInstanceKey;
  plans: RestorePlans;
  close(): Promise<void>;
}

/** Makes them; nothing is at work before somebody asks. */
export function dataParts(service: WebService): DataParts {
  const { context, configPaths } = service;
  const { env, cwd, pid, isRoot } = context;
  const surroundings = { env, cwd, configPaths, pid, isRoot };
  const [lister, reader] = [new ArchiveReaderThread(surroundings), new ArchiveReaderThread(surroundings)];
  const streams = new RunStreams(
    new RunWatch(
      async () => (await service.settings()).runs,
      () => context.now(),
    ),
  );
  const plans = new RestorePlans(context, configPaths);
  return {
    service,
    streams,
    catalog: new ArchiveCatalog(lister, context),
    reader,
    ownKey: new OwnInstanceKey(),
    plans,
    async close() {
      streams.close();
      plans.close();
      await Promise.all([lister.close(), reader.close()]);
    },
  };
}
