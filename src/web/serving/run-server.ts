import { once } from "node:events";
import type { Server as TlsServer } from "node:https";
import { fileURLToPath } from "node:url";
import { loadSettings, type Settings } from "../../config/settings.ts";
import type { ListenAddress } from "../../config/serve-options.ts";
import type { Context } from "../../context.ts";
import { callerOf } from "../access.ts";
import { Accounts } from "../accounts/accounts.ts";
import { identify } from "../accounts/identify.ts";
import { type AppParts, buildApp } from "../build-app.ts";
import { clientOf } from "../client.ts";
import { allRoutes } from "../routes/all-routes.ts";
import type { WebApp, WebService } from "../web-service.ts";
import { listen } from "./listen.ts";
import { activatedSocket } from "./socket-activation.ts";
import { followTls, readTls } from "./tls-files.ts";

/** Where the page is built to, in a clone as in the package. */
const builtPage = fileURLToPath(new URL("../../../dist/page", import.meta.url));

/** When the server goes down, what is under way has so long to end. */
const graceMs = 5_000;

/** What a server is started with. */
export interface ServerOptions {
  /** Those of `--config`. */
  configPaths: readonly string[];
  /** Undefined: as configured. */
  listen: ListenAddress | undefined;
  isInsecure: boolean;
  /** Folder of the built page; that of this program when left out. */
  pageFolder?: string;
  /** Told once, when people can come: the address of the page, and whether a password is set. */
  onReady: (address: string, hasUsers: boolean) => void;
  /** Takes what goes wrong by our fault while the server runs. */
  onProblem: (error: unknown) => void;
}

/**
 * Serves the page until the context's signal is aborted; then streams are ended, and runs go on.
 * @throws UsageError for a wrong configuration, AppError when the server cannot start
 */
export async function runServer(settings: Settings, context: Context, options: ServerOptions): Promise<void> {
  const { basePath, tls: tlsPaths } = settings.serve;
  const tls = tlsPaths === undefined ? undefined : await readTls(tlsPaths);
  const accounts = await Accounts.open(settings.runs, context);
  try {
    const service = webService(context, options.configPaths, accounts);
    const parts: AppParts = {
      service,
      identify: (request) => identify(request, accounts, basePath),
      routes: allRoutes(accounts, settings.serve),
      onProblem: options.onProblem,
      basePath,
      tls,
      pageFolder: options.pageFolder ?? builtPage,
    };
    const app = buildApp(parts);
    try {
      const origin = await listen(app, {
        address: options.listen ?? settings.serve.listen,
        fd: activatedSocket(context),
        hasTls: tls !== undefined,
        isInsecure: options.isInsecure,
      });
      const unfollow =
        tlsPaths === undefined ? undefined : followTls(app.server as TlsServer, tlsPaths, options.onProblem);
      options.onReady(origin + basePath, !accounts.users.isEmpty());
      if (!context.signal.aborted) await once(context.signal, "abort");
      unfollow?.();
    } finally {
      await close(app);
    }
  } finally {
    accounts.close();
  }
}

/** Lets go of the port at once, and of those who hold on after a while. */
async function close(app: WebApp): Promise<void> {
  const { server } = app;
  const force = setTimeout(() => server.closeAllConnections(), graceMs);
  try {
    await app.close();
    // One that listens on a socket of systemd's is not closed with the application.
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  } finally {
    clearTimeout(force);
  }
}

function webService(context: Context, configPaths: readonly string[], accounts: Accounts): WebService {
  const { env, cwd } = context;
  return {
    context,
    configPaths,
    settings: () => loadSettings({ env, cwd, configPaths }),
    audit(request, { action, subject = null, runId = null }) {
      const { name, via } = callerOf(request);
      const who = via === "token" ? `token ${name}` : name;
      accounts.audit.note({ atMs: accounts.nowMs(), who, address: clientOf(request), action, subject, runId });
    },
  };
}
