/** What the snippets of the documents presuppose: the program around them. Names of the library are imported for them. */

declare const app: import("hono").Hono;
declare const basicAuth: typeof import("hono/basic-auth").basicAuth;
declare const serve: typeof import("@hono/node-server").serve;
declare const pool: import("@holdfast/pool").Pool;
declare const server: import("node:http").Server;
declare const listener: import("node:http").RequestListener;
declare const metrics: typeof import("@opentelemetry/api").metrics;
declare const readFile: typeof import("node:fs/promises").readFile;
declare const response: Response;
declare const url: string;
declare const tenants: ReadonlyMap<string, { rules: import("@holdfast/pool").PoolOptions }>;
declare const body: string;
declare const password: string;
declare const ca: string;
declare const cert: string;
declare const key: string;
/** The runtime, in what is for Deno alone. */
declare const Deno: { resolveDns(name: string, type: "A"): Promise<string[]> };

// Frameworks that the repository does not install.
declare const AppModule: unknown;
interface NestApplication {
  getHttpServer(): import("node:http").Server;
  listen(port: number): Promise<unknown>;
  close(): Promise<void>;
}
declare const NestFactory: { create(module: unknown): Promise<NestApplication> };
declare function express(): {
  get(path: string, handler: (request: unknown, response: { send(text: string): void }) => void): void;
  listen(port: number): import("node:http").Server;
};
declare class S3Client {
  constructor(options: { requestHandler: { httpAgent: object; httpsAgent: object } });
}
declare const fastify: typeof import("fastify").fastify;
