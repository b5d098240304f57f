import { signal } from "@preact/signals";
import type { Session } from "../../api/session.ts";
import type { ApiFailure } from "./failure.ts";

/** Who is signed in; null: nobody; undefined: not known yet. Everything that follows from a 401 hangs on it. */
export const session = signal<Session | null | undefined>(undefined);

/** Whether a session that was there has ended by itself, which the sign-in says. */
export const hasExpired = signal(false);

/** Why nobody can sign in at all, where that is so. */
export const noUsers = signal<ApiFailure | undefined>(undefined);

/** Whether who is signed in may also do things. Read in a component, it follows the session. */
export function isOperator(): boolean {
  return session.value?.role === "operator";
}

/** Notes that the server knows nobody behind our cookie any more. */
export function loseSession(): void {
  if (session.peek()) hasExpired.value = true;
  session.value = null;
}
