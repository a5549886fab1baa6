/** A server component whose data Next caches. The URL is another in each run, because the cache outlives the server. */
import { createElement } from "react";

export const dynamic = "force-dynamic";

export default async function Page() {
  const response = await fetch(`${process.env.ORIGIN}cached`, { next: { revalidate: 3600 } });
  return createElement("p", undefined, await response.text());
}
