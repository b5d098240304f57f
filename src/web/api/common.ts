import { runKinds } from "../../history/run.ts";
import { type Static, type TSchema, type TUnion, type TNull, Type } from "typebox";

/** A value, or null where there is none. */
export function nullable<T extends TSchema>(schema: T): TUnion<[T, TNull]> {
  return Type.Union([schema, Type.Null()]);
}

/** RFC 3339, UTC. */
export const Moment = Type.String({ format: "date-time" });

/** What may be done: `viewer` looks, `operator` also does. */
export const Role = Type.Union([Type.Literal("viewer"), Type.Literal("operator")]);
export type Role = Static<typeof Role>;

/** What a run does, as the history knows it. */
export const RunKind = Type.Enum(runKinds);
export type RunKind = Static<typeof RunKind>;

/** How a run stands, as the history knows it. */
export const RunState = Type.Enum(["running", "done", "losses", "failed", "refused", "damaged", "busy", "interrupted"]);
export type RunState = Static<typeof RunState>;

/** One thing that was looked at. `check` is a stable name by which the page finds its own words; `message` is English. */
export const Finding = Type.Object({
  level: Type.Union([Type.Literal("ok"), Type.Literal("warn"), Type.Literal("fail")]),
  check: Type.String(),
  message: Type.String(),
  details: Type.Optional(Type.Array(Type.String())),
  hint: Type.Optional(Type.String()),
});
export type Finding = Static<typeof Finding>;

/** Body of every answer that is not 2xx. */
export const ApiError = Type.Object({
  /** Stable, kebab-case: `sign-in-needed`, `forbidden`, `csrf`, `locked-out`, `not-found`, or a code of the command line's errors. */
  code: Type.String(),
  message: Type.String(),
  /** Next steps, a line each. */
  hints: Type.Array(Type.String()),
});
export type ApiError = Static<typeof ApiError>;
