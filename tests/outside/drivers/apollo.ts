import { type Driver, json } from "../driver.ts";

const part = (value: unknown) => `\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(value)}\r\n---`;

export const driver: Driver = {
  name: "@apollo/client",
  handed: "new HttpLink({ fetch: pool.fetch })",
  answer({ body }) {
    if (!body.includes("@defer")) return json({ data: { item: "pong" } });
    return {
      headers: { "content-type": 'multipart/mixed; boundary="-"; deferSpec=20220824' },
      pieces: [
        `---${part({ data: { a: "ping" }, hasNext: true })}`,
        `${part({ incremental: [{ data: { b: "pong" }, path: [] }], hasNext: false })}--\r\n`,
      ],
    };
  },
  async connect({ url, fetch }) {
    const [{ ApolloClient, gql, HttpLink, InMemoryCache }, { Defer20220824Handler }] = await Promise.all([
      import("@apollo/client"),
      import("@apollo/client/incremental"),
    ]);
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: new HttpLink({ uri: `${url}/graphql`, fetch }),
      incrementalHandler: new Defer20220824Handler(),
      defaultOptions: { query: { fetchPolicy: "no-cache" }, watchQuery: { fetchPolicy: "no-cache" } },
    });
    const query = gql`query ($text: String) { item(text: $text) }`;
    async function ask(text: string, signal?: AbortSignal): Promise<unknown> {
      const context = signal === undefined ? {} : { fetchOptions: { signal } };
      const { data } = await client.query<{ item: string }>({ query, variables: { text }, context });
      return data?.item;
    }
    return {
      request: (signal) => ask("ping", signal),
      stream: (more) =>
        new Promise((resolve, reject) => {
          const deferred = client.watchQuery<{ a?: string; b?: string }>({
            query: gql`query { a ... on Query @defer { b } }`,
          });
          deferred.subscribe({
            next: ({ data }) => {
              if (data?.b !== undefined) resolve(`${data.a}${data.b}`);
              else if (data?.a === "ping") void more();
            },
            error: reject,
          });
        }),
      upload: (payload) => ask(payload),
    };
  },
};
