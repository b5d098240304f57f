import { statSync } from "node:fs";
import { userInfo } from "node:os";

/** Number of the user that we act as. */
export function ownUid(): number {
  try {
    return userInfo().uid;
  } catch {
    // In a container a user may have a number and no name.
    return statSync("/proc/self").uid;
  }
}
