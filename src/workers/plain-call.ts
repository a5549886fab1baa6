/** Plain call: a request that a stub's own `fetch` sends to an object. Its URL is the target, and its answer is the server's. */

import { HoldfastError } from "../contract/errors.ts";
import type { Pool } from "../create-pool.ts";
import { headersAsSent } from "./hop-fields.ts";

/** The answer of the server, or a status of ours whose field `holdfast-error` has the code. */
export async function plainAnswer(
  pool: Pool,
  request: Request,
  refused: HoldfastError | undefined,
): Promise<Response> {
  try {
    if (refused !== undefined) throw refused;
    const { method, url, body } = request;
    const headers = headersAsSent(request.headers);
    const init = body === null ? { method, headers } : { method, headers, body, duplex: "half" as const };
    const response = await pool.fetch(url, { ...init, redirect: "manual" });
    return new Response(response.body, response);
  } catch (error) {
    const { cause } = Object(error) as { readonly cause?: unknown };
    const told = [error, cause].find((one): one is HoldfastError => one instanceof HoldfastError);
    if (told === undefined) throw error;
    const status = told.code === "ERR_NOT_ALLOWED" ? 403 : 502;
    return new Response(`${told.message}\n`, { status, headers: { "holdfast-error": told.code } });
  }
}
