import { AppError } from "../errors.ts";

const damaged = {
  code: "state-damaged",
  message: "a database of the state folder is damaged",
  hint: "move it away, a new one is made: state.path in section [ngwbackup] names the folder",
};

/**
 * What SQLite's primary result codes mean to an administrator, and what to do. Others are faults of ours.
 * https://sqlite.org/rescode.html
 */
const meanings: Readonly<Record<number, { code: string; message: string; hint: string }>> = {
  5: {
    code: "state-busy",
    message: "another program keeps a database of the state folder locked",
    hint: "try again; ngwbackup history shows what runs",
  },
  8: {
    code: "state-read-only",
    message: "a database of the state folder may not be written",
    hint: "it has to belong to the user that this server runs as: state.path in section [ngwbackup] names the folder",
  },
  10: {
    code: "state-failed",
    message: "a database of the state folder could not be read or written",
    hint: "look at the system's log, the disk may be failing: dmesg | tail",
  },
  11: damaged,
  13: {
    code: "no-space",
    message: "no space left on the disk of the state folder",
    hint: "free some space there: state.path in section [ngwbackup] names the folder",
  },
  26: damaged,
};

/** An error that SQLite met in a database of the state folder as one for the administrator; anything else as it is. */
export function stateFailure(error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return error;
  // The low byte is the primary code, the rest says more of it.
  const meaning = meanings[error.errcode & 0xff];
  if (meaning === undefined) return error;
  return new AppError(meaning.code, `${meaning.message}: ${error.message}`, { cause: error, hints: [meaning.hint] });
}
