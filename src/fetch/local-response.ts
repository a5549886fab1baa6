/** Local response: that of a `data:` or `blob:` URL. */

import { readDataUrl } from "./data-url.ts";
import { isOfResponse, likeNative, nativeResponse } from "./fetch-response.ts";

/** Any method reads it; a HEAD gives no body, as of any URL (Fetch §4.1). */
export function fromData(url: URL, method: string): Response {
  const { type, bytes } = readDataUrl(url);
  const init = { statusText: "OK", headers: { "content-type": type } };
  return newLocalResponse(method === "HEAD" ? null : bytes, init, url);
}

/** What Bun 1.4 gives for a `blob:` URL has the type "default", and neither the type nor the length of the object. */
export async function fromObject(given: Response, url: URL): Promise<Response> {
  const blob = await given.blob();
  const init = { statusText: "OK", headers: { "content-type": blob.type, "content-length": `${blob.size}` } };
  return newLocalResponse(blob, init, url);
}

type LocalResponseClass = new (content: BodyInit | null, init: ResponseInit, url: URL) => Response;

let loaded: LocalResponseClass | undefined;

function newLocalResponse(content: BodyInit | null, init: ResponseInit, url: URL): Response {
  loaded ??= likeNative(localResponseClass(), isOfResponse);
  const { status = 200, statusText = "", headers = {} } = init;
  return new loaded(content, { status, statusText, headers }, url);
}

/** Made for the first response, because naming `Response` makes Node load its whole fetch. */
function localResponseClass(): LocalResponseClass {
  return class LocalResponse extends nativeResponse() {
    readonly #url: URL;

    constructor(content: BodyInit | null, init: ResponseInit, url: URL) {
      super(content, init);
      this.#url = url;
    }

    override get url(): string {
      const { href, hash } = this.#url;
      return href.slice(0, href.length - hash.length);
    }

    override get type(): ResponseType {
      return "basic";
    }

    override clone(): Response {
      const clone = super.clone();
      return newLocalResponse(clone.body, clone, this.#url);
    }
  };
}
