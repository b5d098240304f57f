import { lookup } from "node:dns/promises";
import { type ListenAddress, showListen } from "../../config/serve-options.ts";
import { isSystemError, systemCode } from "../../disk-errors.ts";
import { AppError, UsageError, messageOf } from "../../errors.ts";
import { isLoopback } from "../accounts/client-address.ts";
import type { WebApp } from "../web-service.ts";

/** Where to listen, and what is safe there. */
export interface ListenChoice {
  address: ListenAddress;
  /** A socket of systemd's, which goes before the address. */
  fd: number | undefined;
  /** Passwords do not go over the network as they are. */
  hasTls: boolean;
  /** The administrator wants it although they do. */
  isInsecure: boolean;
}

/**
 * Has the application listen.
 * @returns for people: `http://127.0.0.1:8487`
 * @throws UsageError insecure-listen for others' machines without TLS; AppError listen when it cannot be
 */
export async function listen(app: WebApp, choice: ListenChoice): Promise<string> {
  const { address, fd, hasTls } = choice;
  if (fd !== undefined) {
    await app.ready();
    await new Promise<void>((resolve, reject) => {
      app.server.once("error", reject);
      app.server.listen({ fd }, resolve);
    }).catch((error: unknown) => {
      throw cannotListen("the socket of systemd", error);
    });
    const found = app.server.address();
    if (found === null || typeof found === "string") return "a Unix socket";
    refuseInsecure(found.address, choice);
    return addressText({ host: found.address, port: found.port }, hasTls);
  }
  const host = await resolveHost(address.host);
  refuseInsecure(host, choice);
  try {
    await app.listen({ host, port: address.port });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw cannotListen(showListen(address), error);
  }
  const found = app.server.address();
  const port = found === null || typeof found === "string" ? address.port : found.port;
  return addressText({ host: address.host, port }, hasTls);
}

function addressText(address: ListenAddress, hasTls: boolean): string {
  return `${hasTls ? "https" : "http"}://${showListen(address)}`;
}

async function resolveHost(host: string): Promise<string> {
  try {
    return (await lookup(host, { order: "ipv4first" })).address;
  } catch (error) {
    throw cannotListen(host, error);
  }
}

function refuseInsecure(ip: string, { hasTls, isInsecure, address }: ListenChoice): void {
  if (hasTls || isInsecure || isLoopback(ip)) return;
  throw new UsageError("insecure-listen", `passwords would go over the network as they are: ${ip} without TLS`, {
    hints: [
      "let a reverse proxy of this machine speak TLS, and listen on 127.0.0.1: docs/web.md shows how",
      "or set serve.tls_cert and serve.tls_key in section [ngwbackup] of the configuration",
      `or, where nobody else is on the network: ngwbackup serve --listen ${showListen(address)} --insecure`,
    ],
  });
}

function cannotListen(where: string, error: unknown): AppError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: "another program listens there",
    EADDRNOTAVAIL: "this machine has no such address",
    EACCES: "only root may listen on ports below 1024",
  };
  return new AppError("listen", `cannot listen on ${where}: ${reasons[systemCode(error)] ?? messageOf(error)}`, {
    cause: error,
    hints: ["choose another one: ngwbackup serve --listen HOST:PORT, or serve.listen in section [ngwbackup]"],
  });
}
