import { joined } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "@aws-sdk/client-s3",
  handed: "requestHandler: { httpAgent: agent, httpsAgent: agent }",
  answer({ method, path }) {
    if (method === "PUT") return { headers: { etag: "pong" } };
    return path.includes("stream") ? { pieces: ["ping", "pong"] } : { body: "pong" };
  },
  failure: "<Error><Code>InvalidRequest</Code><Message>teapot</Message></Error>",
  async connect({ url, agent }) {
    const { GetObjectCommand, PutObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
    const client = new S3Client({
      endpoint: url,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: "none", secretAccessKey: "none" },
      maxAttempts: 1,
      requestHandler: { httpAgent: agent, httpsAgent: agent as never },
    });
    return {
      async request(abortSignal) {
        const command = new GetObjectCommand({ Bucket: "files", Key: "a.txt" });
        const { Body } = await client.send(command, abortSignal === undefined ? {} : { abortSignal });
        return Body?.transformToString();
      },
      async stream(more) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: "files", Key: "stream" }));
        return joined(Body as unknown as AsyncIterable<Buffer>, String, more);
      },
      async upload(payload) {
        const command = new PutObjectCommand({ Bucket: "files", Key: "a.txt", Body: payload });
        return (await client.send(command)).ETag;
      },
    };
  },
};
