import { type Static, Type } from "typebox";
import { Moment, RunKind, nullable } from "./common.ts";

/** `GET /api/settings`, operators only. Secrets are masked. */
export const SettingsView = Type.Object({
  files: Type.Array(Type.String()),
  options: Type.Array(
    Type.Object({
      section: Type.String(),
      option: Type.String(),
      value: nullable(Type.String()),
      source: Type.String(),
      isDefault: Type.Boolean(),
    }),
  ),
  schedule: Type.Array(
    Type.Object({ kind: Type.Union([RunKind, Type.Literal("status")]), when: Type.String(), nextAt: nullable(Moment) }),
  ),
  /** Channels that notifications go to: `mail` or `webhook`, what its options begin with, where to (no secret). */
  channels: Type.Array(Type.Object({ kind: Type.String(), name: Type.String(), to: Type.String() })),
});
export type SettingsView = Static<typeof SettingsView>;

/** `POST /api/notifications/test`, operators only: sends one to each channel. */
export const NotificationTest = Type.Object({
  results: Type.Array(
    Type.Object({ kind: Type.String(), name: Type.String(), ok: Type.Boolean(), message: nullable(Type.String()) }),
  ),
});
export type NotificationTest = Static<typeof NotificationTest>;
