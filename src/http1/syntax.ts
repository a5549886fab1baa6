/** Syntax: which bytes may stand where (RFC 9110 §5.6.2, §5.5), as tables. */

/** 1 for `tchar`: what names and methods are made of. */
export const TOKEN: Uint8Array = table((byte) =>
  /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)),
);

/** 1 for what a field value may hold: visible characters, obs-text, space and tab, no other control character. */
export const FIELD: Uint8Array = table((byte) => byte === 9 || (byte >= 32 && byte !== 127));

/** The value of a hexadecimal digit, and 255 for any other byte. */
export const HEX: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

function table(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}

/** A whole string of `tchar`. */
export const TOKEN_TEXT: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A whole string of what a field value may hold, one byte per character. */
export const FIELD_TEXT: RegExp = /^[\t\x20-\x7e\x80-\xff]*$/;
