import type { ArchiveDetail } from "../../../api/archives.ts";
import { archivePath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { Moment } from "../../ui/moment.tsx";

/** The archives that an increment refers to. */
export function ArchiveChain({ chain }: { chain: ArchiveDetail["chain"] }) {
  const text = words.value.archive;
  return (
    <Card title={text.chain} about={text.chainAbout}>
      <ol class="chain">
        {chain.map(({ name, createdAt, bytes, id }) => (
          <li key={name}>
            <div class="chain-name path">
              {id === null ? (
                <>
                  {name} <Badge tone="bad">{text.notBeside}</Badge>
                </>
              ) : (
                <a href={archivePath(id)}>{name}</a>
              )}
            </div>
            <span class="muted">
              <Moment at={createdAt} /> · {formats.value.bytes(bytes)}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}
