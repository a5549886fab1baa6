/** A route handler: it sends a body, passes one on as it comes, and reads a response. */
export const dynamic = "force-dynamic";

export async function GET() {
  const sent = await (await fetch(`${process.env.ORIGIN}handler`, { method: "POST", body: "sent" })).text();
  const read = await (await fetch(`${process.env.ORIGIN}handler`)).text();
  return new Response(`${sent},${read}`);
}

export function POST(request) {
  return fetch(`${process.env.ORIGIN}passed`, { method: "POST", body: request.body, duplex: "half" });
}
