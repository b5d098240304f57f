import type { Session } from "../../api/session.ts";
import { connection } from "./connection.ts";
import { ApiFailure, readFailure } from "./failure.ts";
import { loseSession, session } from "./session.ts";

type Method = "GET" | "POST" | "DELETE";

/**
 * Asks the server. A 401 ends the session, but for signing in itself; a CSRF token that was outdated is fetched again once.
 * @param path below the page's base: `api/overview`
 * @returns the answer's JSON; undefined when it has no body
 * @throws ApiFailure for any other answer than 2xx, and when none came
 */
export async function request<T>(method: Method, path: string, body?: unknown): Promise<T> {
  try {
    return await send<T>(method, path, body);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (error.status === 403 && error.code === "csrf" && method !== "GET") {
      session.value = await send<Session>("GET", "api/session");
      return await send<T>(method, path, body);
    }
    if (error.status === 401 && path !== "api/session") loseSession();
    throw error;
  }
}

async function send<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const headers = new Headers({ accept: "application/json" });
  if (body !== undefined) headers.set("content-type", "application/json");
  const token = session.peek()?.csrfToken;
  if (method !== "GET" && token !== undefined) headers.set("x-csrf-token", token);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      cache: "no-store",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    connection.value = "lost";
    throw new ApiFailure(0, { code: "unreachable", message: "the server does not answer", hints: [] });
  }
  if (!response.ok) {
    const failure = await readFailure(response);
    if (failure.code === "unreachable") connection.value = "lost";
    throw failure;
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}
