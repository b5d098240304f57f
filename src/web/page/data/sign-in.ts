import type { Session } from "../../api/session.ts";
import { ApiFailure } from "./failure.ts";
import { request } from "./request.ts";
import { hasExpired, loseSession, noUsers, session } from "./session.ts";

/** Finds out who is signed in. @throws ApiFailure when the server does not answer as it should */
export async function findSession(): Promise<void> {
  try {
    session.value = await request<Session>("GET", "api/session");
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.status !== 401) throw error;
    noUsers.value = error.code === "no-users" ? error : undefined;
    loseSession();
  }
}

/** Signs in. @throws ApiFailure `wrong-password`, `locked-out`, ... */
export async function signIn(user: string, password: string): Promise<void> {
  session.value = await request<Session>("POST", "api/session", { user, password });
  hasExpired.value = false;
}

/** Signs out. @throws ApiFailure when the server does not answer */
export async function signOut(): Promise<void> {
  await request("DELETE", "api/session");
  hasExpired.value = false;
  session.value = null;
}
