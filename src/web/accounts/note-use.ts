/**
 * Notes that a session or a token is in use, where that can be written: on a full disk people, and what watches over it, still
 * get in. A session then ends sooner than it would.
 * @param write of the note alone
 */
export function noteUse(write: () => void): void {
  try {
    write();
  } catch {
    // Nobody came for the note.
  }
}
