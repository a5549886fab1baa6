/** Server bindings: what a server passes to an application beside the request, as far as it is used. */

/** The part of `http.IncomingMessage` that is used. */
export interface NodeIncoming {
  readonly url?: string;
  readonly httpVersion: string;
  readonly httpVersionMajor: number;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Names and values in turn, as they came. */
  readonly rawHeaders?: readonly string[];
  /** Names and values in turn, once the body has ended. */
  readonly rawTrailers?: readonly string[];
  readonly socket?: {
    readonly remoteAddress?: string;
    readonly encrypted?: boolean;
    readonly destroyed?: boolean;
  } | null;
  /** Only over HTTP/2. */
  readonly stream?: { readonly endAfterHeaders?: boolean };
}

/** The part of `http.ServerResponse` that is used. */
export interface NodeOutgoing {
  readonly destroyed?: boolean;
  readonly writableFinished?: boolean;
  readonly headersSent?: boolean;
  on?(event: "close", listener: () => void): unknown;
  writeInformation?(status: number, fields: Readonly<Record<string, string>>): void;
  writeEarlyHints?(fields: Readonly<Record<string, string | string[]>>): void;
  writeProcessing?(): void;
  addTrailers?(trailers: Readonly<Record<string, string>>): void;
}

/** The environment of an application: that of @hono/node-server, Deno.serve or Bun.serve. */
export interface ServerBindings {
  readonly incoming?: NodeIncoming;
  readonly outgoing?: NodeOutgoing;
  readonly remoteAddr?: { readonly hostname?: string };
  requestIP?(request: Request): { readonly address: string } | null;
}

/** Applications may pass bindings of their own, with the server's under `server`. */
export function bindingsOf(env: unknown): ServerBindings | undefined {
  if (typeof env !== "object" || env === null) return undefined;
  const { server } = env as { readonly server?: unknown };
  return (typeof server === "object" && server !== null ? server : env) as ServerBindings;
}
