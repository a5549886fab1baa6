/** Words: options and lines that scenarios over HTTP/2 share. */

export const H2 = { http2: "prior-knowledge" } as const;

export const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";
export const FIRST_POST = "started 1 POST · queued (1 waiting) · opened #1 · acquired #1 request 1";
