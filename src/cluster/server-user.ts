import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { RefusedError } from "../errors.ts";

/** The operating system's user that a server runs as. */
export interface ServerUser {
  name: string;
  uid: number;
  gid: number;
}

/**
 * The user a private server runs as: undefined, when we are an ordinary user, for ourselves; when we are root,
 * `postgres`, else `nobody`, because PostgreSQL refuses to run as root.
 * @param wanted name of another user to take when we are root
 * @throws RefusedError when there is no such user
 */
export async function findServerUser(wanted?: string): Promise<ServerUser | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const names = wanted === undefined ? ["postgres", "nobody"] : [wanted];
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const name of names) {
    const line = lines.find((fields) => fields[0] === name);
    if (line !== undefined) return { name, uid: Number(line[2]), gid: Number(line[3]) };
  }
  throw new RefusedError("no-server-user", `no user ${names.join(" or ")} to run a private PostgreSQL as`, {
    hints: ["run this as an ordinary user"],
  });
}
