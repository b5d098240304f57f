import type { AuditEntry, Token } from "../../../../src/web/api/session.ts";
import type { SettingsView } from "../../../../src/web/api/settings.ts";
import { daysAgo, hoursAgo } from "./moments.ts";

const file = "/etc/ngw/config.ini";

/** The configuration that is in force. */
export const settings: SettingsView = {
  files: [file],
  options: [
    ["core", "system.name", "gis.example.org", file],
    ["core", "database.host", "localhost", file],
    ["core", "database.name", "ngw", file],
    ["core", "database.user", "ngw", file],
    ["core", "database.password", "******", "NEXTGISWEB_CORE_DATABASE_PASSWORD"],
    ["core", "database.port", null, "default"],
    ["backup", "path", "/srv/backup/ngw", file],
    ["backup", "filename", "ngw-%Y%m%d-%H%M%S.ngwbackup", file],
    ["ngwbackup", "keep.daily", "3", file],
    ["ngwbackup", "keep.weekly", "4", file],
    ["ngwbackup", "max_age", "26h", file],
    ["ngwbackup", "notify.mail.to", "admin@example.org", file],
    ["ngwbackup", "notify.mail.password", "******", file],
    ["ngwbackup", "serve.places", "s3://ngw-backup/gis, /mnt/vault", file],
    ["ngwbackup", "jobs", "2", "default"],
    ["ngwbackup", "compression", "zstd", "default"],
    ["ngwbackup", "drill.command", null, "default"],
  ].map(([section, option, value, source]) => ({
    section: section!,
    option: option!,
    value: value!,
    source: source!,
    isDefault: source === "default",
  })),
  schedule: [
    { kind: "backup", when: "daily at 03:00", nextAt: hoursAgo(-17.6) },
    { kind: "prune", when: "daily at 04:00", nextAt: hoursAgo(-18.6) },
    { kind: "verify", when: "daily at 05:00", nextAt: hoursAgo(-19.6) },
    { kind: "drill", when: "Sun 06:00", nextAt: hoursAgo(-68) },
    { kind: "status", when: "hourly", nextAt: null },
  ],
  channels: [
    { kind: "mail", name: "mail", to: "admin@example.org" },
    { kind: "webhook", name: "webhook.phone", to: "https://ntfy.example.org/backups" },
  ],
};

/** Tokens of the API. */
export const tokens: Token[] = [
  { id: 2, name: "prometheus", role: "viewer", createdAt: daysAgo(40), createdBy: "maria", lastUsedAt: hoursAgo(0.01) },
  { id: 1, name: "deploy script", role: "operator", createdAt: daysAgo(90), createdBy: "anton", lastUsedAt: null },
];

/** Who did what. */
export const audit: AuditEntry[] = (
  [
    ["maria", "start-backup", "/srv/backup/ngw", 413, 0.02],
    ["maria", "sign-in", null, null, 0.1],
    ["token deploy script", "start-backup", "/srv/backup/ngw", 409, 30],
    ["root", "sign-in-failed", null, null, 50],
    ["anton", "download-archive", "ngw-20261122-030211.ngwbackup", null, 70],
    ["anton", "delete-archive", "ngw-20261101-030211.ngwbackup", null, 74],
    ["anton", "start-restore", "ngw-20261120-030211.ngwbackup", 390, 140],
    ["maria", "create-token", "prometheus", null, 960],
  ] as const
).map(([who, action, subject, runId, hours], index) => ({
  id: 90 - index,
  at: hoursAgo(hours),
  who,
  address: index === 3 ? "203.0.113.9" : "10.0.4.17",
  action,
  subject,
  runId,
}));
