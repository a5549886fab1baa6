/** A server component that asks twice for the same. */
import { createElement } from "react";

export const dynamic = "force-dynamic";

export default async function Page() {
  const texts = [];
  for (let call = 0; call < 2; call++)
    texts.push(await (await fetch(`${process.env.ORIGIN}component`)).text());
  return createElement("p", undefined, texts.join());
}
