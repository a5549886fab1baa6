/** Runs in the edge runtime: for its sake Next compiles the instrumentation without Node's modules, too. */
import { NextResponse } from "next/server";

export const config = { matcher: "/nowhere" };

export function middleware() {
  return NextResponse.next();
}
