import { type Driver, joined, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "@aws-sdk/client-s3",
  handed: "requestHandler: new FetchHttpHandler({ customFetch: pool.fetch })",
  answer({ method, path }) {
    if (method === "PUT") return { headers: { etag: "pong" } };
    return path.includes("stream") ? { pieces: ["ping", "pong"] } : { body: "pong" };
  },
  failure: "<Error><Code>InvalidRequest</Code><Message>teapot</Message></Error>",
  async connect({ url, fetch }) {
    const [{ GetObjectCommand, PutObjectCommand, S3Client }, { FetchHttpHandler }] = await Promise.all([
      import("@aws-sdk/client-s3"),
      import("@smithy/fetch-http-handler"),
    ]);
    const client = new S3Client({
      endpoint: url,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: "none", secretAccessKey: "none" },
      requestHandler: new FetchHttpHandler({ customFetch: fetch }),
    });
    return {
      async request(abortSignal) {
        const command = new GetObjectCommand({ Bucket: "files", Key: "a.txt" });
        const { Body } = await client.send(command, abortSignal === undefined ? {} : { abortSignal });
        return Body?.transformToString();
      },
      async stream(more) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: "files", Key: "stream" }));
        return joined(textsOf(Body?.transformToWebStream()), (text) => text, more);
      },
      async upload(payload) {
        const { ETag } = await client.send(
          new PutObjectCommand({ Bucket: "files", Key: "a.txt", Body: payload }),
        );
        return ETag;
      },
    };
  },
};
