/** Libraries: clients on top of node:http or of the built-in fetch, as people use them. */

import { Agent } from "node:http";
import { type Client, checkStatus } from "./sender.ts";

/** got, with an Agent that keeps connections. */
export const gotClient: Client = async ({ url, connections }) => {
  const { default: got } = await import("got");
  const http = new Agent({ keepAlive: true, maxSockets: connections });
  const client = got.extend({ agent: { http }, retry: { limit: 0 } });
  return async () => {
    const { statusCode, body } = await client(url);
    checkStatus(statusCode);
    return body.length;
  };
};

/** axios on node:http, with an Agent that keeps connections. */
export const axiosClient: Client = async ({ url, connections }) => {
  const { default: axios } = await import("axios");
  const client = axios.create({
    adapter: "http",
    httpAgent: new Agent({ keepAlive: true, maxSockets: connections }),
    responseType: "text",
  });
  return async () => {
    const { status, data } = await client.get<string>(url);
    checkStatus(status);
    return data.length;
  };
};

/** ky on the built-in fetch. */
export const kyClient: Client = async ({ url }) => {
  const { default: ky } = await import("ky");
  return async () => {
    const response = await ky(url, { retry: 0 });
    checkStatus(response.status);
    return (await response.text()).length;
  };
};
