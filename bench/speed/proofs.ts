/** Proofs: where the performance page says, by profile and experiment, what bounds a row whose goal was missed. */

const PAGE = "../docs/performance.md";

const [ON_NODE, ELSEWHERE] = ["small-requests-on-node", "small-requests-on-deno-and-bun"];

/** The heading of that page, as a link has it. */
const HEADINGS: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  small: { "Node 24": ON_NODE, Deno: ELSEWHERE, Bun: ELSEWHERE },
  medium: { Bun: "bodies-of-16-kib-on-bun" },
  chunked: { Bun: "bodies-of-16-kib-on-bun" },
  large: "bodies-of-1-mib-over-http11",
  upload: "uploads-over-http11",
  "upload-bytes": "uploads-over-http11",
  "upload-blob": "uploads-over-http11",
  "upload-form": "uploads-over-http11",
  "tls-new": "new-tls-connections",
  origins: "limits-that-remain",
  "open-20": "the-slowest-1--of-an-open-loop",
  startup: "size-and-the-first-answer",
  size: "size-and-the-first-answer",
  idle: "memory-of-an-idle-connection",
  workers: "limits-that-remain",
  dispatcher: "under-undici-and-nodehttp",
  agent: "under-undici-and-nodehttp",
  "h2-nginx": "http2",
  "h2-nghttpd": "http2",
  "h2-medium": "http2",
  "h2-large": "http2",
  "h2-upload": "http2",
};

/** The link to the proof, or `undefined` if there is none. */
export function proofOf(section: string, runtime: string): string | undefined {
  const known = HEADINGS[section];
  const heading = typeof known === "string" ? known : known?.[runtime];
  return heading === undefined ? undefined : `${PAGE}#${heading}`;
}
