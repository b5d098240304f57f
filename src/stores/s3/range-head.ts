/** The head of an answer that is a range, all of it to come by its length. */
export interface RangeHead {
  /** By lower-case names. */
  headers: Record<string, string>;
  contentBytes: number;
}

/** What ends a head. */
export const headEnd = "\r\n\r\n";

/**
 * Reads the head of an HTTP/1.1 answer.
 * @param text without {@link headEnd}, in Latin-1
 * @returns undefined for any answer but a plain range: another status, chunks, a header that is repeated or unclear
 */
export function readRangeHead(text: string): RangeHead | undefined {
  const [status = "", ...lines] = text.split("\r\n");
  if (!/^HTTP\/1\.1 206( |$)/.test(status)) return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name = "", value = ""] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    const key = name.toLowerCase();
    if (key === "" || key in headers) return undefined;
    headers[key] = value;
  }
  const length = headers["content-length"] ?? "";
  if (!/^\d{1,15}$/.test(length) || "transfer-encoding" in headers) return undefined;
  return { headers, contentBytes: Number(length) };
}

/** Whether more may be asked for over the connection that this came on. */
export function staysOpen({ headers }: RangeHead): boolean {
  return !/\bclose\b/i.test(headers["connection"] ?? "");
}
