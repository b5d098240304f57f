import { basename } from "node:path";
import { Type } from "typebox";
import type { Settings } from "../../config/settings.ts";
import { archiveId, placesOf } from "../../operations/catalog/places.ts";
import { type PruneResult, prune } from "../../operations/prune/prune.ts";
import { accessWith } from "../../operations/stores/archive-access.ts";
import { silentReporter } from "../../progress.ts";
import { isEmptyPolicy } from "../../retention/policy.ts";
import { SharedAnswer } from "../../shared-answer.ts";
import { RetentionPreview } from "../api/archives.ts";
import type { DataParts } from "../data-parts.ts";
import { notFound } from "../web-error.ts";
import type { WebApp, WebService } from "../web-service.ts";

/** What would go by the configured rules. */
export function retentionRoutes({ service }: DataParts): (app: WebApp) => void {
  // Each reads every archive's manifest, and asks the instance's database.
  const previews = new Map<string, SharedAnswer<PruneResult>>();
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
        const shared = previews.get(place.id) ?? new SharedAnswer(async () => await preview(place.name, service));
        previews.set(place.id, shared);
        const found = await shared.get();
        return {
          configured: true,
          rules: rulesOf(settings),
          removedBytes: found.removedBytes,
          archives: found.archives.map(({ facts, action, reasons }) => ({
            archiveId: archiveId(place, basename(facts.path)),
            name: basename(facts.path),
            time: facts.time.toISOString(),
            sizeBytes: facts.sizeBytes,
            action,
            reasons,
          })),
        };
      },
    );
  };
}

async function preview(where: string, service: WebService): Promise<PruneResult> {
  const settings = await service.settings();
  const { policy, includesEncrypted } = settings.ngwbackup.retention;
  const request = {
    settings,
    where,
    policy,
    instances: undefined,
    includeNextgisweb: false,
    includeEncrypted: includesEncrypted,
    dryRun: true,
  };
  return await prune(request, accessWith(settings, service.context, silentReporter));
}

/** The options `keep...` that are set, a line each. */
function rulesOf({ values }: Settings): string[] {
  return values.flatMap(({ option, value, source }) =>
    option.startsWith("keep.") && value !== null && source !== "default" ? [`${option} = ${value}`] : [],
  );
}
