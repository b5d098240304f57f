import { readFile } from "node:fs/promises";
import { messageOf, UsageError } from "../errors.ts";
import { rstrip } from "./python-text.ts";

/**
 * Reads a password out of a file: everything in it but white space at its end.
 * @param filePath absolute
 * @param setAt option and place that name the file, for messages
 * @throws UsageError when it cannot be read or is empty
 */
export async function readPasswordFile(filePath: string, setAt: string): Promise<string> {
  let password: string;
  try {
    password = rstrip(await readFile(filePath, "utf8"));
  } catch (error) {
    throw new UsageError("password-file", `${setAt}: cannot read password file ${filePath}: ${messageOf(error)}`, {
      cause: error,
      hints: ["it must exist, be a file, and be readable for the user who runs this"],
    });
  }
  if (password === "") {
    throw new UsageError("password-file", `${setAt}: expected a password in ${filePath}, found an empty file`);
  }
  return password;
}
