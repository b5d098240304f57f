import type { Settings } from "../../config/settings.ts";
import { nameWebhook } from "../../notifications/send-webhook.ts";
import { sendTestNotice } from "../../operations/runs/test-notice.ts";
import { readNextRuns } from "../../operations/status/next-runs.ts";
import { callerOf } from "../access.ts";
import { NotificationTest, SettingsView } from "../api/settings.ts";
import type { DataParts } from "../data-parts.ts";
import { momentOf } from "../events/run-rows.ts";
import type { WebApp } from "../web-service.ts";

/** The configuration as it is, and a trial of what depends on it. */
export function settingsRoutes({ service }: DataParts): (app: WebApp) => void {
  const config = { role: "operator" } as const;
  const { context } = service;
  return (app) => {
    app.get(
      "/api/settings",
      { config, schema: { summary: "The effective configuration", response: { 200: SettingsView } } },
      async () => {
        const settings = await service.settings();
        const { calendars, unitName } = settings.runs.schedule;
        const nextRuns = (await readNextRuns(unitName, context)) ?? [];
        return {
          files: [...settings.files],
          options: settings.values.map(({ section, option, value, source }) => ({
            section,
            option,
            value,
            source,
            isDefault: source === "default",
          })),
          schedule: [...calendars].map(([kind, when]) => {
            const next = nextRuns.find((run) => run.kind === kind);
            return { kind, when, nextAt: next === undefined ? null : momentOf(next.at) };
          }),
          channels: channelRows(settings),
        };
      },
    );
    app.route({
      method: "POST",
      url: "/api/notifications/test",
      config,
      schema: { summary: "Send a notification by each channel", response: { 200: NotificationTest } },
      handler: async (request) => {
        const settings = await service.settings();
        service.audit(request, { action: "test-notification" });
        const who = `${callerOf(request).name} has asked for it on the page.`;
        const deliveries = await sendTestNotice(settings, context.now(), who);
        return {
          results: deliveries.map(({ kind, option, error }) => ({
            kind,
            name: option,
            ok: error === undefined,
            message: error?.message ?? null,
          })),
        };
      },
    });
  };
}

function channelRows({ runs }: Settings): SettingsView["channels"] {
  const { mails, webhooks } = runs.channels;
  return [
    ...mails.map(({ option, to }) => ({ kind: "mail", name: option, to: to.join(", ") })),
    ...webhooks.map((webhook) => ({
      kind: "webhook",
      name: webhook.option,
      to: nameWebhook(webhook).replace(/^.* at /, ""),
    })),
  ];
}
