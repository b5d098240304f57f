import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { type ApiFailure, failureOf } from "./data/failure.ts";
import { FailureNotice } from "./ui/notice.tsx";
import { Loading } from "./ui/placeholder.tsx";

/** A page whose code is fetched when it is first shown, or before by `prefetch`. */
export interface LazyPage<Props> {
  Page: ComponentType<Props>;
  prefetch(): void;
}

/** Makes one of what fetches it. */
export function lazyPage<Props extends object>(fetchPage: () => Promise<ComponentType<Props>>): LazyPage<Props> {
  const fetched = signal<{ Component: ComponentType<Props> } | undefined>(undefined);
  const failure = signal<ApiFailure | undefined>(undefined);
  let isAsked = false;
  const prefetch = (): void => {
    if (isAsked) return;
    isAsked = true;
    fetchPage().then(
      (Component) => {
        fetched.value = { Component };
      },
      (error: unknown) => {
        isAsked = false;
        failure.value = failureOf(error);
      },
    );
  };
  function Page(props: Props) {
    useEffect(prefetch, []);
    if (fetched.value !== undefined) return <fetched.value.Component {...props} />;
    return failure.value === undefined ? <Loading /> : <FailureNotice failure={failure.value} />;
  }
  return { Page, prefetch };
}
