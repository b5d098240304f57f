import { archiveChanges, archiveDetail, retention } from "./samples/archive.ts";
import { runRow } from "./samples/runs.ts";
import type { ApiError } from "../../../src/web/api/common.ts";
import type { NotificationTest } from "../../../src/web/api/settings.ts";
import type { FixtureState } from "./fixture-state.ts";

/** What the fixture answers: JSON, or with `events` a stream that stays open after them. */
export interface FixtureAnswer {
  status: number;
  body?: unknown;
  retryAfterSeconds?: number;
  events?: readonly [name: string, data: unknown][];
}

/** A request below the base path. */
export interface FixtureRequest {
  method: string;
  /** `api/overview` */
  path: string;
  query: URLSearchParams;
  body: unknown;
}

const csrfToken = "csrf-of-the-fixture";

/** Answers as the server's contract has it, out of a state. */
export function answer(request: FixtureRequest, csrf: string | undefined, state: FixtureState): FixtureAnswer {
  const { method, path } = request;
  const refusal = state.refusals.get(`${method} ${path}`);
  if (refusal !== undefined) {
    return {
      status: refusal.status,
      body: refusal.error,
      ...(refusal.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: refusal.retryAfterSeconds }),
    };
  }
  if (method !== "GET") state.changes.push({ method, path, body: request.body });
  if (path === "api/session" && method === "POST") return signIn(request.body, state);
  if (state.user === undefined) return failure(401, "sign-in-needed", "nobody is signed in, or the session is over");
  if (method !== "GET" && csrf !== csrfToken) return failure(403, "csrf", "the header x-csrf-token is missing");
  return method === "GET" ? read(request, state) : change(request, state);
}

function signIn(body: unknown, state: FixtureState): FixtureAnswer {
  const { user, password } = body as { user: string; password: string };
  if (password !== "correct horse") return failure(401, "wrong-password", "name or password is wrong");
  state.user = { name: user, role: user === "viewer" ? "viewer" : "operator" };
  return { status: 200, body: sessionOf(state) };
}

function sessionOf({ user }: FixtureState): unknown {
  return { user: user?.name, role: user?.role, csrfToken, expiresAt: "2026-11-26T21:30:00Z" };
}

function read({ path, query }: FixtureRequest, state: FixtureState): FixtureAnswer {
  const [, what = "", id = "", more = ""] = path.split("/").map(decodeURIComponent);
  const operatorsOnly = ["settings", "tokens", "audit", "plans", "retention"];
  if (state.user?.role !== "operator" && operatorsOnly.includes(what)) {
    return failure(403, "forbidden", "viewer may look, but not do this");
  }
  switch (what) {
    case "session":
      return ok(sessionOf(state));
    case "overview":
      return ok({ ...state.overview, running: state.running });
    case "events":
      return { status: 200, events: [["runs", state.running]] };
    case "archives":
      return id === "" ? ok(state.archives) : readArchive(id, more, state);
    case "retention":
      return ok(retention);
    case "runs":
      return id === "" ? ok(runPage(query, state)) : readRun(Number(id), more, state);
    case "plans":
      return more === "events" ? { status: 200, events: [["plan", state.plan]] } : ok(state.plan);
    case "kept":
      return ok(state.kept);
    case "settings":
      return ok(state.settings);
    case "tokens":
      return ok(state.tokens);
    case "audit":
      return ok(state.audit);
    default:
      return failure(404, "not-found", `there is no ${path}`);
  }
}

function readArchive(id: string, more: string, state: FixtureState): FixtureAnswer {
  const row = state.archives.archives.find((archive) => archive.id === id);
  if (row === undefined) return failure(404, "not-found", `there is no archive ${id}`);
  if (more === "changes") return ok(archiveChanges);
  if (row.state === "damaged") return failure(422, "damaged", `${row.name} is damaged: ${row.problem ?? ""}`);
  if (row.state === "unreadable") return failure(422, "no-identity", `${row.name} is encrypted, and no key is at hand`);
  const losses = ["a91c…e0: missing", "b04d…17: unreadable (EIO)", "c5f1…9a: 12 bytes, 4096 expected"];
  const detail = state.details.get(id) ?? {
    ...archiveDetail,
    archive: row,
    chain: [],
    losses: losses.slice(0, row.losses),
    previousId: null,
    runId: null,
  };
  return ok(detail);
}

function runPage(query: URLSearchParams, state: FixtureState): unknown {
  const limit = Math.min(15, Number(query.get("limit") ?? 50));
  const before = Number(query.get("before") ?? Number.MAX_SAFE_INTEGER);
  const found = [...state.running, ...state.runs].filter(
    ({ id, kind, state: runState }) =>
      id < before && kind === (query.get("kind") ?? kind) && runState === (query.get("state") ?? runState),
  );
  return { runs: found.slice(0, limit), hasMore: found.length > limit };
}

function readRun(id: number, more: string, state: FixtureState): FixtureAnswer {
  const row = [...state.running, ...state.runs].find((run) => run.id === id);
  const detail = state.runDetails.get(id) ?? (row && { run: row, stages: [], log: [], summary: null });
  if (detail === undefined) return failure(404, "not-found", `there is no run ${id}`);
  if (more !== "events") return ok(detail);
  return {
    status: 200,
    events: [
      ["run", detail.run],
      ["stages", detail.stages],
      ["log", detail.log],
      ...(detail.run.state === "running" ? [] : [["end", detail] as [string, unknown]]),
    ],
  };
}

function change({ method, path, body }: FixtureRequest, state: FixtureState): FixtureAnswer {
  const [, what = "", id = "", more = ""] = path.split("/").map(decodeURIComponent);
  if (what === "session") {
    state.user = undefined;
    return { status: 204 };
  }
  if (state.user?.role !== "operator") return failure(403, "forbidden", "viewer may look, but not do this");
  if (what === "runs" && more === "cancel") return { status: 202 };
  if (what === "runs") {
    const { kind } = body as { kind: "backup" };
    state.running = [runRow(413, { ...state.runDetails.get(413)?.run, kind })];
    return { status: 202, body: { runId: 413 } };
  }
  if (what === "plans") return method === "POST" ? { status: 202, body: state.plan } : { status: 204 };
  if (what === "archives") {
    const { places, archives } = state.archives;
    state.archives = { places, archives: archives.filter((archive) => archive.id !== id) };
    return { status: 204 };
  }
  if (what === "notifications") {
    const failed = "connection refused by ntfy.example.org:443";
    const outcome: NotificationTest = {
      results: [
        { kind: "mail", name: "mail", ok: true, message: null },
        { kind: "webhook", name: "webhook.phone", ok: false, message: failed },
      ],
    };
    return ok(outcome);
  }
  if (what === "tokens" && method === "DELETE") {
    state.tokens = state.tokens.filter((token) => token.id !== Number(id));
    return { status: 204 };
  }
  if (what === "tokens") {
    const { name, role } = body as { name: string; role: "viewer" };
    const token = { id: 3, name, role, createdAt: state.overview.at, createdBy: "maria", lastUsedAt: null };
    state.tokens = [token, ...state.tokens];
    return { status: 201, body: { token, secret: "ngwb_2b7Qx0sample0token0shown0once" } };
  }
  return failure(404, "not-found", `there is no ${method} ${path}`);
}

function ok(body: unknown): FixtureAnswer {
  return { status: 200, body };
}

function failure(status: number, code: string, message: string): FixtureAnswer {
  const error: ApiError = { code, message, hints: [] };
  return { status, body: error };
}
