/**
 * Server connection: the server's end of one connection. It reads requests and acts out what the server does about
 * them.
 */

import type { MemoryPeer } from "../../transports/memory.ts";
import { type Appointment, LANE } from "./agenda.ts";
import type { Coded, Happening, Tunnelled } from "./dimensions.ts";
import type { Link } from "./link.ts";
import { ascii, payload } from "./payload.ts";
import { drawReply, type Reply } from "./reply.ts";
import { RequestReader, type RequestSink, type SeenRequest } from "./request-reader.ts";
import {
  type Act,
  drippingScript,
  FAULTS,
  type Fault,
  faultyScript,
  liveScript,
  type Script,
  soundScript,
  withSurplus,
} from "./script.ts";
import type { Server } from "./server.ts";
import { slowMs } from "./slowness.ts";

function codedNames({ how, chain }: Coded): Happening[] {
  const names: Happening[] = ["coded body"];
  if (how === "flushed") names.push("coded body in flushed pieces");
  else if (how === "cut short" || how === "malformed") names.push(`coded body ${how}`);
  if (chain > 1) names.push(chain > 5 ? "chain of too many codings" : "chain of codings");
  return names;
}

/** The server's end of one connection. */
export class ServerConnection implements RequestSink {
  readonly #server: Server;
  readonly #peer: MemoryPeer;
  readonly #link: Link;
  readonly #reader = new RequestReader(this);
  readonly #acceptedAt: number;
  #requests = 0;
  #idleSince: number;
  #watch: Appointment | undefined;
  #next: Appointment | undefined;
  #gone = false;
  /** It neither reads nor sends any more, and nobody knows. */
  #vanished = false;
  #replying = false;
  #reply: Reply | undefined;
  /** This is the last response. */
  #last = false;
  /** The client must not reuse the connection. */
  #doubtful = false;
  /** The response began before the request was complete. */
  #early = false;
  /** It speaks another protocol now: it sends back what it reads. */
  #echoes: Tunnelled | undefined;
  #echoed = 0;
  /** Until this time it sends single bytes. */
  #dripsUntil = 0;

  constructor(server: Server, peer: MemoryPeer, link: Link) {
    this.#server = server;
    this.#peer = peer;
    this.#link = link;
    this.#acceptedAt = server.world.agenda.now;
    this.#idleSince = this.#acceptedAt;
    peer.onData((bytes) => this.#read(bytes));
    peer.onClosed(() => this.#stop());
    this.#watchIdle(server.plan.firstRequestMs);
  }

  #read(bytes: Uint8Array): void {
    if (this.#server.habit.isExact === true) this.#lookAtIdle();
    if (this.#link.forgotten) this.#server.world.swallowed(this.#link);
    if (this.#isLost()) return;
    this.#server.world.trace.note("server read", this.#link.id, bytes.length);
    if (this.#echoes !== undefined) this.#echo(ascii(bytes), this.#echoes);
    else this.#reader.push(bytes);
  }

  /** Whether what it reads or sends now goes nowhere. */
  #isLost(): boolean {
    if (this.#server.isOut && !this.#vanished) {
      this.#server.world.injected("lost in an outage");
      this.#vanished = true;
      this.#link.silent = true;
    }
    return this.#gone || this.#vanished;
  }

  // RequestSink

  head(request: SeenRequest): void {
    const { world, prng, plan } = this.#server;
    const { crossed, id } = this.#link;
    world.judges.rules(
      "no request comes after the last response",
      this.#requests > 0,
      this.#last && this.#reply?.announcesClose !== false && !crossed,
      () => `request ${request.id} came after the last response on ${id}`,
    );
    world.judges.rules(
      "requests come one by one",
      this.#requests > 0,
      this.#replying && !crossed,
      () => `request ${request.id} came before its turn`,
    );
    this.#requests += 1;
    if (this.#requests === 1) this.#watchIdleAnew();
    this.#early = false;
    this.#dripsUntil = 0;
    if (!request.hasBody) return;
    if (plan.faultRate > 0 && prng.oneIn(12)) this.#disturbUpload(request);
    if (world.extrasOf(request.id)?.drips === true && !this.#early && this.#drip(request)) return;
    if (request.expectsContinue && !this.#early && prng.oneIn(2)) this.#send("HTTP/1.1 100 Continue\r\n\r\n");
  }

  complete(request: SeenRequest): void {
    this.#server.world.judges.rules("servers understand requests", true, false, "");
    if (this.#early) {
      if (!this.#replying) this.#rest();
      return;
    }
    this.#answer(request);
  }

  nonsense(what: string, id?: number): void {
    if (this.#link.crossed || (id !== undefined && this.#server.world.isCrossed(id))) return;
    this.#server.world.judges.rules(
      "servers understand requests",
      true,
      true,
      () => `connection ${this.#link.id}: the client wrote nonsense: ${what}`,
    );
  }

  /** The server fails while it is still receiving the request. */
  #disturbUpload(request: SeenRequest): void {
    const { world, prng } = this.#server;
    switch (prng.among("early", "early", "fin", "rst", "deaf")) {
      case "early":
        world.injected("early response");
        this.#early = true;
        return this.#answer(request);
      case "deaf":
        world.injected("reads no more of an upload");
        world.excuses(request.id, "slow");
        this.#link.silent = true;
        this.#peer.stopReading();
        this.#later(prng.among(50, 3000, 400_000), () => this.#peer.startReading());
        return;
      case "fin":
        world.injected("fin during an upload");
        this.#early = true;
        this.#replying = true;
        return this.#perform([{ afterMs: prng.among(0, 10, 500), do: "fin" }], 0);
      case "rst":
        world.injected("rst during an upload");
        this.#early = true;
        this.#replying = true;
        return this.#perform([{ afterMs: prng.among(0, 10, 500), do: "rst" }], 0);
    }
  }

  /** Sends an interim response byte by byte while it waits for the body. Returns whether it does. */
  #drip(request: SeenRequest): boolean {
    const { world, plan } = this.#server;
    if (this.#replying || (!request.expectsContinue && plan.faultRate === 0)) return false;
    if (!request.expectsContinue && world.extrasOf(request.id)?.misuse !== undefined) return false;
    const text = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
    const gapMs = request.expectsContinue ? 90 : 700;
    for (let at = 0; at < text.length; at++) this.#later(at * gapMs, () => this.#send(text[at] ?? ""));
    this.#dripsUntil = world.agenda.now + text.length * gapMs;
    world.excuses(request.id, "slow");
    if (request.expectsContinue) {
      world.happened("dripped before 100 Continue");
      return true;
    }
    world.happened("dripped head before the upload was read");
    this.#link.silent = true;
    this.#peer.stopReading();
    this.#later(this.#dripsUntil - world.agenda.now, () => this.#peer.startReading());
    return true;
  }

  #answer(request: SeenRequest): void {
    const { prng, plan, habit, world } = this.#server;
    if (request.upgrade && this.#switches(request)) return;
    const number = this.#requests;
    const age = world.agenda.now - this.#acceptedAt;
    // Some servers ignore that a client wants to close.
    const deaf = plan.faultRate > 0 && prng.oneIn(4);
    const closing = number >= habit.maxRequests || age >= habit.maxLifetimeMs || (request.asksClose && !deaf);
    const reply = drawReply(prng, {
      request,
      habit,
      number,
      last: closing || (this.#early && prng.oneIn(2)),
      largeOneIn: plan.largeOneIn,
      redirectTo: this.#early ? undefined : world.redirect(request),
      extras: world.extrasOf(request.id),
    });
    const script = this.#script(request, reply);
    this.#reply = reply;
    this.#last = reply.last;
    this.#replying = true;
    if (script.executes) world.executes(request);
    world.promises(request, reply);
    if (script.malformed) world.excuses(request.id, "malformed");
    const usualMs = plan.serviceMs === 0 || prng.oneIn(4) ? 0 : prng.below(plan.serviceMs);
    const thinkMs = slowMs(plan.slow, world.agenda.now, prng) ?? usualMs;
    this.#perform(script.acts, Math.max(thinkMs, this.#dripsUntil - world.agenda.now));
    this.#doubtful = script.doubtful;
  }

  /** Switches to the protocol that was asked for. Returns `false` to answer otherwise. */
  #switches(request: SeenRequest): boolean {
    const { prng, plan, world } = this.#server;
    const tunnelled = world.extrasOf(request.id)?.upgrade;
    if (tunnelled === undefined || prng.oneIn(5) || prng.next() < plan.faultRate) return false;
    world.executes(request);
    world.promises(request, { status: 101, length: 0, framing: "none", run: 0 });
    this.#echoes = tunnelled;
    // A response that nobody asked for would be bytes of the new protocol from here on.
    this.#next?.cancel();
    const head = `HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: echo\r\nx-id: ${request.id}\r\n\r\n`;
    this.#later(plan.serviceMs === 0 ? 0 : prng.below(plan.serviceMs), () => {
      const at = this.#link.sent + head.length;
      this.#link.marks.push({ kind: "end", at, last: true, hintMs: undefined, left: undefined });
      this.#send(head + payload(request.id, tunnelled.early));
      if (tunnelled.bytes === 0) this.#echo("", tunnelled);
    });
    return true;
  }

  /** Sends back what it has read. In a bad world it may drop the connection instead. */
  #echo(text: string, { bytes, end }: Tunnelled): void {
    const { world, prng, plan } = this.#server;
    if (plan.faultRate > 0 && prng.oneIn(15)) {
      world.injected("rst in a tunnel");
      return this.leave("rst");
    }
    this.#echoed += text.length;
    const middle = prng.below(text.length + 1);
    for (const part of [text.slice(0, middle), text.slice(middle)]) if (part !== "") this.#send(part);
    if (end === "peer" && this.#echoed >= bytes) this.#later(prng.among(0, 5, 300), () => this.leave("fin"));
  }

  #script(request: SeenRequest, reply: Reply): Script {
    const { prng, plan, world } = this.#server;
    if (plan.faultRate === 0 || prng.next() >= plan.faultRate)
      return this.#particular(request, reply) ?? soundScript(prng, reply, plan.spreading);
    const fault = plan.faults === undefined ? prng.weighted(FAULTS) : (prng.pick(plan.faults) as Fault);
    world.injected(fault);
    world.trace.note("server fault", this.#link.id, request.id, fault);
    world.excuses(request.id, "slow");
    return faultyScript(prng, fault, reply, plan.spreading);
  }

  /** A sound reply with one of the specialities of `dimensions.ts`, if any. */
  #particular(request: SeenRequest, reply: Reply): Script | undefined {
    const { world, prng, plan } = this.#server;
    const extras = world.extrasOf(request.id);
    if (extras === undefined) return undefined;
    if (reply.live !== undefined) return liveScript(request.id, reply, reply.live);
    if (extras.coded !== undefined && reply.head.includes("content-encoding"))
      for (const what of codedNames(extras.coded)) world.happened(what);
    if (extras.drips && this.#dripsUntil === 0) {
      world.happened("dripped head");
      if (plan.faultRate > 0) world.excuses(request.id, "slow");
      return drippingScript(reply, plan.faultRate > 0 ? prng.among(50, 700, 2000) : 2);
    }
    if (extras.surplusMs === undefined || reply.last) return undefined;
    world.happened("unsolicited response within 2 ms");
    return withSurplus(soundScript(prng, reply, plan.spreading), extras.surplusMs);
  }

  // Acting

  #perform(acts: readonly Act[], thinkMs: number): void {
    for (const [at, act] of acts.entries()) {
      if (this.#gone || this.#vanished) return;
      const afterMs = act.afterMs + (at === 0 ? thinkMs : 0);
      if (afterMs > 0) {
        const rest = [{ ...act, afterMs: 0 }, ...acts.slice(at + 1)];
        this.#next = this.#later(afterMs, () => this.#perform(rest, 0));
        return;
      }
      this.#do(act.do);
    }
  }

  #do(act: Act["do"]): void {
    if (typeof act === "object") return this.#send(act.send, act.surplus);
    switch (act) {
      case "end":
        return this.#ended();
      case "stray":
        this.#link.marks.push({ kind: "stray", at: this.#link.sent + 1 });
        return;
      case "vanish":
        this.#vanished = true;
        this.#link.silent = true;
        return;
      default:
        return this.leave(act);
    }
  }

  #send(text: string, surplus = ""): void {
    if (this.#isLost()) return;
    this.#server.world.trace.note("server sends", this.#link.id, text.length);
    this.#link.sent += text.length;
    if (surplus !== "") {
      this.#ended();
      this.#link.marks.push({ kind: "stray", at: this.#link.sent + 1 });
      this.#link.sent += surplus.length;
    }
    this.#server.world.inward(this.#link, () => this.#peer.send(text + surplus));
    const link = this.#link;
    link.arrivesAt = Math.max(link.arrivesAt, this.#server.world.lastSent?.due ?? 0);
    for (const mark of link.marks) {
      if (mark.kind === "stray" && mark.at <= link.sent) mark.arrivesAt ??= link.arrivesAt;
    }
  }

  #ended(): void {
    const { prng, world } = this.#server;
    const reply = this.#reply;
    if (reply === undefined) return;
    this.#link.marks.push({
      kind: "end",
      at: this.#link.sent,
      last: this.#doubtful || reply.announcesClose,
      hintMs: reply.hintMs,
      left: reply.left,
    });
    this.#replying = false;
    if (reply.framing === "until-close" && reply.last) return this.leave("fin");
    if (reply.last) {
      const afterMs = prng.among(0, 0, 1, 200, 3000);
      if (afterMs === 0) this.leave("fin");
      else this.#later(afterMs, () => this.leave("fin"));
      return;
    }
    if (!this.#reader.inRequest) this.#rest();
    else world.trace.note("server sends", this.#link.id, 0);
  }

  /** The connection becomes idle. */
  #rest(): void {
    this.#idleSince = this.#server.world.agenda.now;
  }

  leave(how: "fin" | "rst"): void {
    if (this.#isLost()) return;
    this.#server.world.trace.note("server ends", this.#link.id, how === "fin" ? 0 : 1, how);
    this.#link.serverLeft = true;
    this.#server.world.inward(this.#link, () => (how === "fin" ? this.#peer.end() : this.#peer.reset()));
    this.#link.leaving = this.#server.world.lastSent;
    this.#stop();
  }

  #watchIdle(ms: number): void {
    this.#watch = this.#later(ms, () => this.#lookAtIdle());
  }

  /** From the first request on, another idle limit applies. */
  #watchIdleAnew(ms = this.#server.habit.idleMs): void {
    this.#watch?.cancel();
    this.#watchIdle(ms);
  }

  #lookAtIdle(): void {
    if (this.#gone || this.#vanished) return;
    const { world, habit } = this.#server;
    const busy = this.#echoes !== undefined || this.#replying || this.#reader.inRequest || this.#last;
    const limitMs = this.#requests === 0 ? this.#server.plan.firstRequestMs : habit.idleMs;
    const leftMs = this.#idleSince + limitMs - world.agenda.now;
    if (busy || leftMs > 0) return this.#watchIdleAnew(busy ? habit.idleMs : leftMs);
    switch (habit.onIdle) {
      case "vanish":
        world.injected("idle connection dropped silently");
        this.#vanished = true;
        this.#link.silent = true;
        this.#link.forgotten = true;
        return;
      case "408":
        this.#link.marks.push({ kind: "stray", at: this.#link.sent + 1 });
        this.#send("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        return this.leave("fin");
      default:
        return this.leave(habit.onIdle);
    }
  }

  #later(ms: number, callback: () => void): Appointment {
    return this.#server.world.agenda.schedule(LANE.server, ms, () => {
      if (!this.#gone) callback();
    });
  }

  #stop(): void {
    this.#gone = true;
    this.#watch?.cancel();
    this.#next?.cancel();
    this.#server.connections.delete(this);
  }
}
