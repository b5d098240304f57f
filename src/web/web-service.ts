import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { Settings } from "../config/settings.ts";
import type { Context } from "../context.ts";

/** The HTTP application, its routes typed by their schemas. */
export type WebApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What somebody did, for the audit trail; who it was is taken from the request. */
export interface AuditEvent {
  action: string;
  /** An archive, a run, a token. */
  subject?: string;
  runId?: number;
}

/** What routes work with. */
export interface WebService {
  /** Its signal is aborted when the server goes down. */
  context: Context;
  /** Those of `--config`. */
  configPaths: readonly string[];
  /**
   * The configuration as it is now.
   * @throws UsageError when it is wrong
   */
  settings(): Promise<Settings>;
  /** Notes what was done, before it is done where it cannot be taken back. */
  audit(request: FastifyRequest, event: AuditEvent): void;
}
