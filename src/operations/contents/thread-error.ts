import { AppError, DamagedError } from "../../errors.ts";

/** An error on its way from a thread: classes do not survive the way. */
export interface ThreadError {
  kind: "damaged" | "app" | "system";
  code: string | undefined;
  message: string;
  /** Path that a system call was about. */
  path: string | undefined;
  hints: readonly string[];
}

/** Makes an error ready for the way. */
export function packError(error: unknown): ThreadError {
  const { code, path } = error as NodeJS.ErrnoException;
  const kind = error instanceof DamagedError ? "damaged" : error instanceof AppError ? "app" : "system";
  return {
    kind,
    code,
    message: error instanceof Error ? error.message : String(error),
    path,
    hints: error instanceof AppError ? error.hints : [],
  };
}

/** The error as it was thrown, but for its cause. */
export function unpackError({ kind, code, message, path, hints }: ThreadError): Error {
  if (kind === "damaged") return new DamagedError(code ?? "data-damaged", message, { hints });
  if (kind === "app") return new AppError(code ?? "failed", message, { hints });
  return Object.assign(new Error(message), code === undefined ? {} : { code }, path === undefined ? {} : { path });
}
