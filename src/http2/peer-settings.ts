/** Peer settings: reads a SETTINGS frame of the peer (RFC 9113 §6.5). */

import type { FrameHeader } from "./frame-reader.ts";
import { CODE, FLAG, FRAME, LARGEST, SETTING, uint32 } from "./frames.ts";
import { SETTINGS_PER_FRAME } from "./limits.ts";
import { type PeerFault, peerFault } from "./peer-fault.ts";

/** Takes the settings that matter to us. */
export interface SettingsSink {
  /** @throws {PeerFault} if the setting makes no sense now. */
  setting(setting: number, value: number): void;
}

/** What is wrong with an empty frame of a kind that cannot be empty, and the like. */
function badSize(type: number, id: number, size: number): PeerFault {
  return peerFault(CODE.frameSizeError, "bad-frame", type, id, `has ${size} bytes of payload`);
}

/** @throws {PeerFault} if a frame has not the one length that its type has. */
export function checkSize(type: number, id: number, size: number, expected: number): void {
  if (size !== expected) throw badSize(type, id, size);
}

/** @throws {PeerFault} if a frame that is about the connection has a stream, or the other way round. */
export function checkStream(type: number, id: number, ofConnection: boolean): void {
  if ((id === 0) === ofConnection) return;
  const problem = ofConnection ? "is about the connection, not a stream" : "has no stream";
  throw peerFault(CODE.protocolError, "bad-frame", type, id, problem);
}

/**
 * Passes the settings of a frame on, each checked. Returns whether it is an acknowledgement.
 *
 * @throws {PeerFault} for a value that is not allowed.
 */
export function readSettings(
  sink: SettingsSink,
  { flags, id }: FrameHeader,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  checkStream(FRAME.settings, id, true);
  const size = end - start;
  if ((flags & FLAG.ack) !== 0) {
    checkSize(FRAME.settings, 0, size, 0);
    return true;
  }
  if (size % 6 !== 0) throw badSize(FRAME.settings, 0, size);
  if (size > 6 * SETTINGS_PER_FRAME)
    throw peerFault(CODE.enhanceYourCalm, "flood", FRAME.settings, 0, `has ${size / 6} settings`);
  for (let at = start; at < end; at += 6) {
    const setting = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const value = uint32(bytes, at + 2);
    check(setting, value);
    sink.setting(setting, value);
  }
  return false;
}

function check(setting: number, value: number): void {
  const isWrong =
    // A server must not set it (§6.5.2).
    (setting === SETTING.enablePush && value !== 0) ||
    (setting === SETTING.maxFrameSize && (value < 16_384 || value > 16_777_215)) ||
    (setting === SETTING.enableConnectProtocol && value > 1);
  if (isWrong) throw settingFault(CODE.protocolError, setting, value);
  if (setting === SETTING.initialWindowSize && value > LARGEST)
    throw settingFault(CODE.flowControlError, setting, value);
}

/** A setting has a value that it must not have. */
export function settingFault(code: number, setting: number, value: number): PeerFault {
  return peerFault(code, "bad-settings", FRAME.settings, 0, `sets setting ${setting} to ${value}`);
}
