import { useSignal } from "@preact/signals";
import type { Token } from "../../../api/session.ts";
import { request } from "../../data/request.ts";
import { invalidate, useResource } from "../../data/resource.ts";
import { words } from "../../text/language.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Empty, Loaded } from "../../ui/placeholder.tsx";
import { NewTokenDialog } from "./new-token-dialog.tsx";

/** Tokens for scripts: made, shown once, taken back. */
export function Tokens() {
  const text = words.value.settings;
  const resource = useResource<Token[]>("api/tokens");
  const isNewAsked = useSignal(false);
  return (
    <div class="stack">
      <div class="between aligned-top">
        <p class="muted">{text.tokensAbout}</p>
        <Button
          kind="primary"
          icon="plus"
          onClick={() => {
            isNewAsked.value = true;
          }}
        >
          {text.newToken}
        </Button>
      </div>
      <Loaded from={resource}>
        {(tokens) =>
          tokens.length === 0 ? <Empty title={text.noTokens} icon="lock" /> : <TokenTable tokens={tokens} />
        }
      </Loaded>
      {isNewAsked.value && (
        <NewTokenDialog
          onClose={() => {
            isNewAsked.value = false;
          }}
        />
      )}
    </div>
  );
}

function TokenTable({ tokens }: { tokens: readonly Token[] }) {
  const text = words.value.settings;
  const asked = useSignal<Token | undefined>(undefined);
  return (
    <>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">{text.tokenName}</th>
            <th scope="col">{text.role}</th>
            <th scope="col">{text.created}</th>
            <th scope="col">{text.lastUsed}</th>
            <th scope="col">
              <span class="visually-hidden">{words.value.common.more}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <th scope="row" class="row-name">
                {token.name}
              </th>
              <td data-label={text.role}>
                <Badge tone={token.role === "operator" ? "warn" : "plain"} icon="user">
                  {text[token.role]}
                </Badge>
              </td>
              <td data-label={text.created}>
                <span>
                  <Moment at={token.createdAt} /> <span class="muted">{token.createdBy}</span>
                </span>
              </td>
              <td data-label={text.lastUsed}>
                {token.lastUsedAt === null ? (
                  <span class="muted">{words.value.common.never}</span>
                ) : (
                  <Moment at={token.lastUsedAt} show="age" />
                )}
              </td>
              <td class="row-end">
                <Button
                  kind="quiet"
                  onClick={() => {
                    asked.value = token;
                  }}
                >
                  {text.revoke}
                  <span class="visually-hidden"> {token.name}</span>
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {asked.value !== undefined && (
        <RevokeDialog
          token={asked.value}
          onClose={() => {
            asked.value = undefined;
          }}
        />
      )}
    </>
  );
}

function RevokeDialog({ token, onClose }: { token: Token; onClose: () => void }) {
  const text = words.value.settings;
  const revoke = async (): Promise<void> => {
    await request("DELETE", `api/tokens/${token.id}`);
    invalidate("api/tokens", "api/audit");
  };
  return (
    <ConfirmDialog
      title={text.revokeTitle(token.name)}
      action={text.revoke}
      kind="danger"
      onConfirm={revoke}
      onClose={onClose}
    >
      <p>{text.revokeAbout}</p>
    </ConfirmDialog>
  );
}
