import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { CatalogArchive } from "../../operations/catalog/catalog.ts";
import { readForward } from "../../operations/copy/read-forward.ts";
import { openArchiveBytes } from "../../operations/open-archive.ts";
import { removeArchive } from "../../operations/prune/remove-archive.ts";
import { accessWith } from "../../operations/stores/archive-access.ts";
import { openFileSource } from "../../stores/file-source.ts";
import { silentReporter } from "../../progress.ts";
import { DeleteArchive } from "../api/archives.ts";
import { type ByteRange, parseRange } from "../byte-range.ts";
import type { DataParts } from "../data-parts.ts";
import { checkConfirmed } from "../instance-name.ts";
import { noContent } from "../no-content.ts";
import { archiveOf } from "../start-from-page.ts";
import { WebError, unopened } from "../web-error.ts";
import type { WebApp } from "../web-service.ts";
import { archiveParams } from "./archives.ts";

/** The file of an archive: its bytes, and its removal. */
export function archiveFileRoutes(parts: DataParts): (app: WebApp) => void {
  const { service, streams, plans, reader } = parts;
  const config = { role: "operator" } as const;
  return (app) => {
    app.route({
      method: ["GET", "HEAD"],
      url: "/api/archives/:id/download",
      config: { ...config, produces: "application/octet-stream" },
      schema: { summary: "The bytes of an archive, with ranges", params: archiveParams },
      handler: async (request, reply) => {
        const archive = await archiveOf(request.params.id, await service.settings(), parts);
        if (archive.isFolder)
          throw new WebError(422, "archive-is-folder", `${archive.name} is a folder of files, which has no bytes`, {
            hints: [`copy ${archive.path} on the server itself`],
          });
        const { range, "if-range": ifRange, "if-none-match": ifNoneMatch } = request.headers;
        const etag = etagOf(archive);
        const { sizeBytes } = archive.known;
        const wanted = ifRange === undefined || ifRange === etag ? parseRange(range, sizeBytes) : undefined;
        if (wanted === "unsatisfiable") {
          reply.header("content-range", `bytes */${sizeBytes}`);
          throw new WebError(416, "range", `${archive.name} has ${sizeBytes} bytes`);
        }
        const part = wanted ?? { first: 0, last: sizeBytes - 1 };
        const isWanted = request.method === "GET" && ifNoneMatch !== etag;
        if (isWanted) service.audit(request, { action: "download-archive", subject: archive.path });
        const bytes = isWanted ? await openBytes(archive, part, reply, parts) : undefined;
        reply.headers({
          "accept-ranges": "bytes",
          etag,
          "last-modified": new Date(archive.modifiedAt).toUTCString(),
          "content-type": "application/octet-stream",
          "content-disposition": attachment(archive.name),
        });
        if (ifNoneMatch === etag) return await reply.code(304).send(null);
        void reply.header("content-length", part.last - part.first + 1);
        if (wanted !== undefined)
          void reply.code(206).header("content-range", `bytes ${part.first}-${part.last}/${sizeBytes}`);
        return await reply.send(bytes);
      },
    });
    app.delete(
      "/api/archives/:id",
      {
        config,
        schema: {
          summary: "Remove an archive that nothing needs",
          params: archiveParams,
          body: DeleteArchive,
          response: { 204: noContent },
        },
      },
      async (request, reply) => {
        const settings = await service.settings();
        const { name, path, place } = await archiveOf(request.params.id, settings, parts);
        checkConfirmed(request.body.confirm, name);
        if (plans.isReading(path)) throw new WebError(409, "in-use", `the plan of a restore is reading ${name}`);
        const beforeRemoval = (): void => service.audit(request, { action: "delete-archive", subject: path });
        const gather = async (): ReturnType<typeof reader.ask<"facts">> =>
          await reader.ask<"facts">({ kind: "facts", where: place.name });
        await removeArchive(
          { settings, where: place.name, path, gather, beforeRemoval },
          accessWith(settings, service.context, silentReporter),
        );
        streams.archivesChanged();
        void reply.code(204);
        return null;
      },
    );
  };
}

/** Opens a part of the bytes, which are let go of when they are sent, or nobody wants them any more. */
async function openBytes(
  archive: CatalogArchive,
  { first, last }: ByteRange,
  reply: FastifyReply,
  { service }: DataParts,
): Promise<Readable> {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort(new WebError(499, "gone", "the client went away")));
  const context = { ...service.context, signal: AbortSignal.any([service.context.signal, gone.signal]) };
  const access = accessWith(await service.settings(), context, silentReporter);
  const source = await (
    archive.place.isLocal
      ? // Whoever may write there could lead us to any file that we can read.
        openFileSource(archive.path, archive.name, false)
      : openArchiveBytes(archive.path, access)
  ).catch(unopened);
  if (source.sizeBytes !== archive.known.sizeBytes) {
    await source.close();
    throw new WebError(409, "archive-changed", `${archive.name} was replaced just now`, { hints: ["try again"] });
  }
  const bytes = Readable.from(readForward(source, first, last + 1), { objectMode: false });
  // Also when it was never read from.
  bytes.once("close", () => void source.close());
  return bytes;
}

function etagOf({ path, known, modifiedAt }: CatalogArchive): string {
  const text = `${path}\n${known.sizeBytes}\n${modifiedAt}`;
  return `"${createHash("sha256").update(text).digest("hex").slice(0, 32)}"`;
}

/** A file name for any browser (RFC 6266). */
function attachment(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, "_");
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
