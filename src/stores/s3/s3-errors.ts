import { AppError, RefusedError } from "../../errors.ts";
import { type S3Answer, isDenied } from "./s3-answer.ts";

/** What a failed call was about. */
export interface FailedCall {
  /** S3's name of the operation. */
  operation: string;
  /** `s3://bucket/key`, or the bucket alone. */
  url: string;
  bucket: string;
  /** Of the server, for messages; undefined for AWS. */
  endpoint: string | undefined;
}

/** The error that a user sees for an answer; its texts hold no credential any more. */
export function s3Error(answer: S3Answer, call: FailedCall): AppError {
  const { operation, url, bucket, endpoint } = call;
  const cause = new Error(`${answer.code}: ${answer.message}`);
  const said = `${operation} of ${url}: ${describeAnswer(answer)}`;
  if (answer.code === "NoSuchBucket")
    return new RefusedError("archive-missing", `there is no bucket ${bucket}${endpoint ? ` at ${endpoint}` : ""}`, {
      cause,
      hints: ["create the bucket, or look at its name, s3.endpoint and s3.region"],
    });
  if (isDenied(answer))
    return new RefusedError("store-denied", `the store does not allow ${said}`, { cause, hints: [denialHint(answer)] });
  return new AppError("store-failed", `the store failed at ${said}`, { cause, hints: failureHints(answer, call) });
}

/** The refusal of a name that is not there. */
export function missingObject(url: string): RefusedError {
  return new RefusedError("archive-missing", `there is no archive ${url}`);
}

function describeAnswer({ code, message, status, requestId }: S3Answer): string {
  const known = code === "unknown" || message.includes(code) ? message : `${code}, ${message}`;
  // Answers to HEAD have no text, and the SDK makes one up.
  const text = message === "UnknownError" || message === code || message === "" ? code : known;
  const marks = [...(status === undefined ? [] : [`HTTP ${status}`]), ...(requestId ? [`request ${requestId}`] : [])];
  return `${text.replace(/\.$/, "")}${marks.length === 0 ? "" : ` (${marks.join(", ")})`}`;
}

function denialHint({ code }: S3Answer): string {
  switch (code) {
    case "CredentialsProviderError":
      return "set s3.access_key_id and s3.secret_access_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile: docs/stores.md";
    case "InvalidAccessKeyId":
      return "look at the access key id: this server does not know it";
    case "SignatureDoesNotMatch":
      return "look at the secret access key: it is not that of the access key id";
    case "RequestTimeTooSkewed":
      return "set this machine's clock: it differs from the server's by more than the server allows";
    case "ExpiredToken":
    case "InvalidToken":
      return "renew the temporary credentials";
    case "AuthorizationHeaderMalformed":
      return "set s3.region to the region of the bucket";
    default:
      return "give the credentials what the policy in docs/stores.md allows";
  }
}

function failureHints({ code, status }: S3Answer, { endpoint }: FailedCall): string[] {
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code))
    return ["name the authority that signed the server's certificate: s3.ca_file"];
  if (code.startsWith("ERR_PROXY_"))
    return [
      "look at HTTPS_PROXY and HTTP_PROXY of the environment, and at NO_PROXY, which names hosts that are reached without",
    ];
  if (status === 301 || status === 307) return ["set s3.region to the region of the bucket"];
  if (status === undefined) return [`look whether ${endpoint ?? "AWS"} can be reached from here, and at s3.endpoint`];
  if (code === "NotImplemented")
    return ["the server does not know this: look at s3.sse, s3.storage_class and s3.object_lock_mode"];
  return [];
}
