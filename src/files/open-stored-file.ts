import { closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";

/** Does not wait for the other end of a pipe that stands in a file's place. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Opens a file of the instance for reading. A symbolic link in its place is followed as its owner could: root may read
 * everything, and whoever can write to the storage must not get a copy of what he cannot read. So root follows links of its
 * own, and others' to files of theirs.
 * @returns a descriptor that the caller closes; of whatever is no file as well
 * @throws Error of the system, or with code `ELOOP` for a link that is not followed
 */
export function openStoredFile(path: string, isRoot: boolean): number {
  if (!isRoot) return openSync(path, flags);
  try {
    return openSync(path, flags | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ELOOP") throw error;
  }
  const linkOwner = lstatSync(path).uid;
  const fd = openSync(path, flags);
  try {
    const { uid } = fstatSync(fd);
    if (linkOwner === 0 || linkOwner === uid) return fd;
    const message = `${path} is a symbolic link of user ${linkOwner} to a file of user ${uid}, which root does not follow`;
    throw Object.assign(new Error(message), { code: "ELOOP" });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Opens the pin of a file, or the file itself where the pin is a link of a symbolic link, which leads nowhere from another
 * folder.
 * @param pin a hard link
 * @param path where the file was when it was pinned
 */
export function openPinnedFile(pin: string, path: string, isRoot: boolean): number {
  try {
    return openSync(pin, flags | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ELOOP") throw error;
    return openStoredFile(path, isRoot);
  }
}
