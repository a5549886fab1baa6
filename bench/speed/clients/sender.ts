/** Sender: the common interface of all clients. */

import type { Launch } from "../launch.ts";

/** Sends one request. Returns the number of body bytes. Throws if the status is not 200. */
export type Send = () => Promise<number>;

/** Makes a sender, in a process that does nothing else. */
export type Client = (launch: Launch) => Send | Promise<Send>;

/** @throws if the status is not 200. */
export function checkStatus(status: number | undefined): void {
  if (status !== 200) throw new Error(`The origin answered ${status}`);
}

const PIECE = new Uint8Array(65_536);

/** A body of `length` bytes that is produced while it is sent. */
export function uploadStream(length: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = length;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(left, PIECE.length);
      left -= size;
      controller.enqueue(size === PIECE.length ? PIECE : PIECE.subarray(0, size));
      if (left === 0) controller.close();
    },
  });
}

const IN_MEMORY = new Uint8Array(16_384).fill(120);
const BLOB = new Blob([IN_MEMORY]);

/** The body of a launch with an upload. A form is made for each request, as programs do. */
export function uploadBody({ upload, body }: Pick<Launch, "upload" | "body">): Upload {
  if (body === "stream") return uploadStream(upload);
  if (upload !== IN_MEMORY.length) throw new Error(`There is no ${body} of ${upload} bytes`);
  if (body === "form") return formOf(FormData);
  return body === "blob" ? BLOB : IN_MEMORY;
}

/** A form with two fields and a file, of the class that the client knows. */
export function formOf(Form: new () => FormData): FormData {
  const form = new Form();
  form.append("name", "report");
  form.append("language", "en");
  form.append("file", BLOB, "report.txt");
  return form;
}

/** What the clients upload. */
export type Upload = ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> | Blob | FormData;

/** The part of a `Response` that the clients read. */
export interface Answer {
  readonly status: number;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The runtime's own `fetch`. Bun's speaks HTTP/2 only when told so, Deno's when the server does. */
export const builtInFetch: Client = (launch) => {
  const init = launch.http2 && "Bun" in globalThis ? { protocol: "http2" } : {};
  return fetchClient((url, more) => fetch(url, { ...init, ...more } as RequestInit))(launch);
};

/** Makes a client from a `fetch`, with the bodies that it knows. */
export function fetchClient(
  fetch: (url: string, init?: RequestInit & { duplex?: "half" }) => Promise<Answer>,
  bodyOf: (launch: Launch) => Upload = uploadBody,
): Client {
  return (launch) => {
    const { url, read, upload } = launch;
    const size = async (answer: Answer): Promise<number> => {
      checkStatus(answer.status);
      return read === "text" ? (await answer.text()).length : (await answer.arrayBuffer()).byteLength;
    };
    if (upload === 0) return () => fetch(url).then(size);
    return () => fetch(url, { method: "POST", body: bodyOf(launch), duplex: "half" }).then(size);
  };
}
