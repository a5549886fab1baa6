/** Node HTTP: node:http with an Agent that keeps connections, and with agentkeepalive. */

import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import KeepAliveAgent, { HttpsAgent as KeepAliveHttpsAgent } from "agentkeepalive";
import { agent } from "../../../src/agent/mod.ts";
import type { Launch } from "../launch.ts";
import { poolFor } from "./holdfast.ts";
import { readable } from "./readable.ts";
import { type Client, checkStatus, type Send, uploadBody } from "./sender.ts";

function sender(launch: Launch, by: Agent): Send {
  const { url, upload } = launch;
  const send = url.startsWith("https:") ? httpsRequest : request;
  const method = upload === 0 ? "GET" : "POST";
  return () =>
    new Promise((resolve, reject) => {
      const sent = send(url, { agent: by, method }, (answer) => collect(answer).then(resolve, reject));
      sent.on("error", reject);
      if (upload === 0) sent.end();
      else uploadTo(sent, launch).catch(reject);
    });
}

async function uploadTo(sent: ClientRequest, { upload, body }: Launch): Promise<void> {
  if (body === "stream") return void readable(upload).pipe(sent);
  const whole = uploadBody({ upload, body });
  sent.end(whole instanceof Blob ? Buffer.from(await whole.arrayBuffer()) : whole);
}

async function collect(answer: IncomingMessage): Promise<number> {
  checkStatus(answer.statusCode);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks).length;
}

/** `http.request()` with `keepAlive`. */
export const nodeHttp: Client = (launch) => {
  const { ca, connections: maxSockets } = launch;
  const options = { keepAlive: true, maxSockets };
  return sender(launch, ca === undefined ? new Agent(options) : new HttpsAgent({ ...options, ca }));
};

/** `http.request()` over a pool, by its default rules. */
export const underNodeHttp: Client = (launch) => sender(launch, agent(poolFor(launch)));

/** `http.request()` with agentkeepalive. */
export const agentKeepAlive: Client = (launch) => {
  const { ca, connections: maxSockets } = launch;
  const kept =
    ca === undefined ? new KeepAliveAgent({ maxSockets }) : new KeepAliveHttpsAgent({ maxSockets, ca });
  return sender(launch, kept as unknown as Agent);
};
