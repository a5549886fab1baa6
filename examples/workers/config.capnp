# The same without wrangler, which bundles the Worker for it:
#
#     npx esbuild worker.ts --bundle --format=esm --external:cloudflare:* --external:node:* --conditions=workerd --outfile=worker.js
#     npx workerd serve config.capnp

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "network", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:8787", http = (), service = "main") ],
);

const main :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "worker.js") ],
  compatibilityDate = "2026-11-01",
  globalOutbound = "network",
  bindings = [ (name = "API_POOL", durableObjectNamespace = "ApiPool") ],
  durableObjectNamespaces = [ (className = "ApiPool", uniqueKey = "holdfast-example-api-pool") ],
  durableObjectStorage = (inMemory = void),
);
