import { UsageError } from "../errors.ts";
import type { OptionDefinition, OptionReader, ResolvedOption } from "./option-reader.ts";
import { withoutSecrets } from "./place-options.ts";
import { ShownOptions } from "./shown-options.ts";
import { type ValueType, choiceType, listType, pathType, textType } from "./value-types.ts";

const section = "ngwbackup";

/** Where a server listens. */
export interface ListenAddress {
  /** Name or address, an IPv6 one without brackets. */
  host: string;
  /** 0: any that is free. */
  port: number;
}

/** `HOST:PORT`; an IPv6 address stands in brackets. */
export const listenType: ValueType<ListenAddress> = {
  expected: "HOST:PORT, such as 127.0.0.1:8487 or [::1]:8487",
  parse(text) {
    const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
    const [host, port] = [match?.[1] ?? match?.[2], Number(match?.[3])];
    return host === undefined || port > 65_535 ? undefined : { host, port };
  },
};

/** As `listenType` reads it. */
export function showListen({ host, port }: ListenAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Ends and begins with `/`, whether or not it is written so. */
const basePathType: ValueType<string> = {
  expected: "a path such as /backup/",
  parse(text) {
    const parts = text.split("/").filter((part) => part !== "");
    const isFit = parts.every((part) => /^[A-Za-z0-9._~-]+$/.test(part) && !/^\.\.?$/.test(part));
    return isFit ? ["", ...parts, ""].join("/") : undefined;
  },
};

/** Options of `[ngwbackup]` for the page. */
export const serveOptions = {
  serveListen: { section, option: "serve.listen", type: listenType, default: "127.0.0.1:8487" },
  serveBasePath: { section, option: "serve.base_path", type: basePathType, default: "/" },
  serveTlsCert: { section, option: "serve.tls_cert", type: pathType },
  serveTlsKey: { section, option: "serve.tls_key", type: pathType },
  servePlaces: { section, option: "serve.places", type: listType(textType) },
  serveMetrics: { section, option: "serve.metrics", type: choiceType("signed-in", "open"), default: "signed-in" },
} satisfies Record<string, OptionDefinition<unknown>>;

/** How the page is served. */
export interface ServeSettings {
  listen: ListenAddress;
  /** Path under which browsers find it; begins and ends with `/`. */
  basePath: string;
  /** PEM files, absolute; undefined: no TLS. */
  tls: { certPath: string; keyPath: string } | undefined;
  /** Folders and URLs of stores with archives, as they are written, besides `backup.path`. */
  places: readonly string[];
  /** Who may read `/metrics`. */
  metrics: "signed-in" | "open";
}

/** A list is cut at commas, behind which parameters of a remote stand by themselves. */
function showPlaces(places: readonly string[]): string {
  return places.map((place) => (/^\w+=/.test(place) ? "..." : withoutSecrets(place))).join(", ");
}

/**
 * Reads the options of the page, and what to show of them.
 * @throws UsageError for a wrong value, or half of what TLS needs
 */
export function resolveServe(
  reader: OptionReader,
  cwd: string,
): { serve: ServeSettings; values: readonly ResolvedOption[] } {
  const shown = new ShownOptions(reader, cwd);
  const listen = shown.read(serveOptions.serveListen, showListen)!;
  const basePath = shown.read(serveOptions.serveBasePath)!;
  const certPath = shown.readPath(serveOptions.serveTlsCert);
  const keyPath = shown.readPath(serveOptions.serveTlsKey);
  if ((certPath === undefined) !== (keyPath === undefined))
    throw new UsageError("half-tls", "serve.tls_cert and serve.tls_key belong together: one of them is not set", {
      hints: ["set both in section [ngwbackup] of the configuration, or none"],
    });
  const tls = certPath === undefined || keyPath === undefined ? undefined : { certPath, keyPath };
  const places = shown.read(serveOptions.servePlaces, showPlaces) ?? [];
  const metrics = shown.read(serveOptions.serveMetrics)!;
  return { serve: { listen, basePath, tls, places, metrics }, values: shown.values };
}
