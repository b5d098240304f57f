import { basename } from "node:path";
import { Type } from "typebox";
import type { Settings } from "../../config/settings.ts";
import { type ArchivePlace, archiveId, placesOf } from "../../operations/catalog/places.ts";
import { dryRun } from "../../operations/runs/dry-run.ts";
import { runArguments } from "../../operations/runs/run-arguments.ts";
import { isEmptyPolicy } from "../../retention/policy.ts";
import { SharedAnswer } from "../../shared-answer.ts";
import { RetentionPreview } from "../api/archives.ts";
import type { DataParts } from "../data-parts.ts";
import { notFound } from "../web-error.ts";
import type { WebApp, WebService } from "../web-service.ts";

/** What would go by the configured rules. */
export function retentionRoutes({ service }: DataParts): (app: WebApp) => void {
  // By place; each reads every archive's manifest, and asks the instance's database.
  const previews = new Map<string, SharedAnswer<FoundByPrune>>();
  return (app) => {
    app.get(
      "/api/retention",
      {
        config: { role: "viewer" },
        schema: {
          summary: "What a prune would remove",
          querystring: Type.Object({ place: Type.Optional(Type.String()) }),
          response: { 200: RetentionPreview },
        },
      },
      async ({ query }) => {
        const settings = await service.settings();
        const places = placesOf(settings, service.context.cwd);
        const place = places.find(({ id, isDefault }) => (query.place === undefined ? isDefault : id === query.place));
        if (place === undefined) throw notFound("such place of archives");
        if (isEmptyPolicy(settings.ngwbackup.retention.policy))
          return { configured: false, rules: [], removedBytes: 0, archives: [] };
        const preview = previews.get(place.id) ?? new SharedAnswer(async () => await readPreview(place, service));
        previews.set(place.id, preview);
        return { configured: true, rules: rulesOf(settings), ...(await preview.get()) };
      },
    );
  };
}

type FoundByPrune = Pick<RetentionPreview, "removedBytes" | "archives">;

/** In a process of its own, as a prune looks at every archive. */
async function readPreview(place: ArchivePlace, { context, configPaths }: WebService): Promise<FoundByPrune> {
  const args = [...runArguments({ kind: "prune", place: place.name }), "--dry-run"];
  const summary = await dryRun({ args, configPaths, context, signal: context.signal, onProgress() {} });
  // Our own program says what it says.
  const { removedBytes, archives } = summary as unknown as PruneSummary;
  return {
    removedBytes,
    archives: archives.map(({ path, time, sizeBytes, action, reasons }) => {
      const name = basename(path);
      return { archiveId: archiveId(place, name), name, time, sizeBytes, action, reasons };
    }),
  };
}

/** What `prune --json` prints, as far as it is used here. */
interface PruneSummary {
  removedBytes: number;
  archives: (Omit<RetentionPreview["archives"][number], "archiveId" | "name"> & { path: string })[];
}

/** The options `keep...` that are set, a line each. */
function rulesOf({ values }: Settings): string[] {
  return values.flatMap(({ option, value, source }) =>
    option.startsWith("keep.") && value !== null && source !== "default" ? [`${option} = ${value}`] : [],
  );
}
