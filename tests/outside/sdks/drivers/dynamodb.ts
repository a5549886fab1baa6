import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "@aws-sdk/client-dynamodb",
  handed: "requestHandler: { httpAgent: agent, httpsAgent: agent }",
  answer: ({ headers }) => ({
    headers: { "content-type": "application/x-amz-json-1.0" },
    body: JSON.stringify({
      [String(headers["x-amz-target"]).endsWith("GetItem") ? "Item" : "Attributes"]: { a: { S: "pong" } },
    }),
  }),
  lacks: { stream: "its answers are read whole" },
  async connect({ url, agent }) {
    const { DynamoDBClient, GetItemCommand, PutItemCommand } = await import("@aws-sdk/client-dynamodb");
    const client = new DynamoDBClient({
      endpoint: url,
      region: "us-east-1",
      credentials: { accessKeyId: "none", secretAccessKey: "none" },
      maxAttempts: 1,
      requestHandler: { httpAgent: agent, httpsAgent: agent as never },
    });
    return {
      async request(abortSignal) {
        const command = new GetItemCommand({ TableName: "t", Key: { id: { S: "1" } } });
        const { Item } = await client.send(command, abortSignal === undefined ? {} : { abortSignal });
        return Item?.a?.S;
      },
      async upload(payload) {
        const command = new PutItemCommand({ TableName: "t", Item: { a: { S: payload } } });
        return (await client.send(command)).Attributes?.a?.S;
      },
    };
  },
};
