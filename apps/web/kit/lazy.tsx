import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ErrorState, LoadingState } from "../ui/states.tsx";

/**
 * A component whose code is loaded when it is first shown, so that other pages do not wait for it. `Until` stands in its
 * place meanwhile.
 */
export function lazy<P extends object>(
  load: () => Promise<{ default: FunctionComponent<P> }>,
  Until: FunctionComponent = LoadingState,
): FunctionComponent<P> {
  let loading: Promise<FunctionComponent<P>> | undefined;
  let loaded: FunctionComponent<P> | undefined;
  const get = () => {
    loading ??= load().then(
      (module) => {
        loaded = module.default;
        return loaded;
      },
      (cause) => {
        loading = undefined;
        throw cause;
      },
    );
    return loading;
  };
  return function Lazy(props: P) {
    const [state, setState] = useState<{
      Component?: FunctionComponent<P>;
      failure?: unknown;
      round: number;
    }>({
      ...(loaded && { Component: loaded }),
      round: 0,
    });
    useEffect(() => {
      let gone = false;
      get().then(
        (Component) => !gone && setState((before) => ({ Component, round: before.round })),
        // A server that was updated meanwhile no longer has the file: loading the page anew mends that.
        (failure: unknown) => !gone && setState((before) => ({ failure, round: before.round })),
      );
      return () => {
        gone = true;
      };
    }, [state.round]);
    if (state.Component) return <state.Component {...props} />;
    if (state.failure !== undefined)
      return <ErrorState cause={state.failure} retry={() => location.reload()} />;
    return <Until />;
  };
}
