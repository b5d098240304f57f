/** How an S3 store is reached, and how its objects are kept; what is undefined is left to the SDK's chain or the bucket. */
export interface S3Settings {
  /** URL of a server that is not AWS's, without user and password. */
  endpoint: string | undefined;
  region: string | undefined;
  /** `https://server/bucket/key` instead of `https://bucket.server/key`; undefined: with an endpoint of its own. */
  pathStyle: boolean | undefined;
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
  /** Profile of the usual files, `~/.aws/config` and `~/.aws/credentials`. */
  profile: string | undefined;
  /** `STANDARD_IA`, `GLACIER_IR`, ... */
  storageClass: string | undefined;
  /** Encryption by the server: with keys of S3's own, or of KMS. */
  sse: "AES256" | "aws:kms" | undefined;
  sseKmsKeyId: string | undefined;
  /** For how many days after its beginning an archive can be neither replaced nor removed. */
  objectLock: { mode: "GOVERNANCE" | "COMPLIANCE"; days: number } | undefined;
  /** PEM file of certificate authorities that are trusted beside the usual ones. */
  caFile: string | undefined;
}

/** What a store needs of the process that uses it. */
export interface S3Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  /** Of this process, part of the records of its uploads. */
  pid: number;
  /** Folder for the parts of archives that are too large to keep in memory. */
  tmpFolder: string;
  now(): Date;
}

/** How often a call that failed in passing is made again. */
export interface S3Patience {
  attempts: number;
  /** As long as the store has not answered at all, since its address may be wrong. */
  attemptsBeforeAnswer: number;
  /** Before the second attempt; each further pause is twice as long, less up to half by chance. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** After which a connection on which nothing moves counts as broken. */
  idleMs: number;
}

/** The patience of real runs: about a minute and a half of outage is bridged. */
export const usualPatience: S3Patience = {
  attempts: 11,
  attemptsBeforeAnswer: 4,
  firstPauseMs: 200,
  longestPauseMs: 20_000,
  idleMs: 60_000,
};
