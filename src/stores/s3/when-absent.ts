import type { S3Answer } from "./s3-answer.ts";

/**
 * Writes something under the condition that nothing has its name, and without one on a server that knows none.
 * @param isConditional false: without any, at once
 * @param write makes the call with the header's value, and with what is to settle its refusal (`S3Access.call`)
 * @returns `taken` when the server refused it for its name
 */
export async function withCondition<Result>(
  isConditional: boolean,
  write: (
    condition: { IfNoneMatch?: "*" },
    settle: (answer: S3Answer) => "taken" | "unknown" | undefined,
  ) => Promise<Result | "taken" | "unknown">,
): Promise<Exclude<Result, "unknown"> | "taken"> {
  if (isConditional) {
    const came = await write({ IfNoneMatch: "*" }, ({ status }) =>
      status === 412 ? "taken" : status === 501 ? "unknown" : undefined,
    );
    if (came !== "unknown") return came as Exclude<Result, "unknown"> | "taken";
  }
  return (await write({}, () => undefined)) as Exclude<Result, "unknown">;
}
