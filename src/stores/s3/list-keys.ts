import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { S3Access } from "./s3-access.ts";

/** An object as a listing tells it. */
export interface ListedKey {
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
}

/** The objects whose keys begin with a prefix and have no further slash. */
export async function* listKeys(access: S3Access, prefix: string, signal: AbortSignal): AsyncGenerator<ListedKey> {
  let token: string | undefined;
  do {
    const page = await access.call({ operation: "ListObjectsV2", signal }, (client, options) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: access.bucket,
          Prefix: prefix,
          Delimiter: "/",
          // XML cannot hold every character that a key may have.
          EncodingType: "url",
          ContinuationToken: token,
        }),
        options,
      ),
    );
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      if (Key === undefined || LastModified === undefined) continue;
      const key = page.EncodingType === "url" ? decodeURIComponent(Key.replaceAll("+", " ")) : Key;
      yield { key, sizeBytes: Size ?? 0, modifiedAt: LastModified };
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}
