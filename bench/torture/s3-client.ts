/**
 * S3 client: the AWS SDK's client for S3, with the torture server in the place of S3. The SDK signs, sends and reads as it always does.
 * Two steps of ours stand between: one sends `PutObject` by POST, because S3 has no POST with a body of the caller's, and one
 * reads the text of the answer and puts what the SDK can read in its place.
 */

import type { Agent, IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Call } from "./clients.ts";
import type { Method } from "./schedule.ts";

/** What is used of `@aws-sdk/client-s3`. */
export interface S3Module {
  readonly S3Client: new (options: object) => { send(command: Command): Promise<unknown> };
  readonly GetObjectCommand: CommandClass;
  readonly PutObjectCommand: CommandClass;
  readonly DeleteObjectCommand: CommandClass;
}

type CommandClass = new (input: object) => Command;

interface Command {
  readonly middlewareStack: { add(step: Step, options: object): void };
}

interface Signed {
  readonly request: { method: string; readonly headers: Record<string, string> };
}

interface Answered {
  readonly response: { body: Readable };
}

type Step = (next: (args: Signed) => Promise<Answered>) => (args: Signed) => Promise<Answered>;

/** Sends calls by S3 clients over an agent, one for each server. */
export function s3Sender(
  { S3Client, GetObjectCommand, PutObjectCommand, DeleteObjectCommand }: S3Module,
  by: Agent,
  textOf: (response: IncomingMessage) => Promise<string>,
): (call: Call) => Promise<string> {
  const commands: Readonly<Record<Method, CommandClass>> = {
    GET: GetObjectCommand,
    PUT: PutObjectCommand,
    POST: PutObjectCommand,
    DELETE: DeleteObjectCommand,
  };
  const clients = new Map<string, InstanceType<S3Module["S3Client"]>>();
  return async ({ url, method, body }) => {
    const { origin, pathname } = new URL(url);
    const client = clients.get(origin) ?? new S3Client(optionsFor(origin, by));
    clients.set(origin, client);
    const given = body === undefined ? {} : { Body: Buffer.from(body) };
    const command = new commands[method]({ Bucket: "torture", Key: pathname.slice(1), ...given });
    let text = "";
    command.middlewareStack.add(sentBy(method), { step: "build", priority: "low" });
    const read: Step = (next) => async (args) => {
      const answered = await next(args);
      text = await textOf(answered.response.body as IncomingMessage);
      answered.response.body = Readable.from(method === "GET" ? [Buffer.from(text)] : []);
      return answered;
    };
    command.middlewareStack.add(read, { step: "deserialize", priority: "low" });
    await client.send(command);
    return text;
  };
}

function optionsFor(endpoint: string, by: Agent): object {
  return {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "torture", secretAccessKey: "torture" },
    forcePathStyle: true,
    requestHandler: { httpAgent: by },
    // Its own second attempts would hide what the agent does.
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  };
}

/** The torture server says no `100 Continue`, for which the SDK would wait. */
function sentBy(method: Method): Step {
  return (next) => (args) => {
    args.request.method = method;
    delete args.request.headers.expect;
    delete args.request.headers.Expect;
    return next(args);
  };
}
