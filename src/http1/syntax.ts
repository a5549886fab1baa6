/** Syntax: tables of the bytes that are allowed in names and values (RFC 9110 §5.6.2, §5.5). */

/** 1 for a `tchar`, a byte of a name or a method. */
export const TOKEN: Uint8Array = table((byte) =>
  /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)),
);

/** 1 for a byte that a field value may contain: visible characters, obs-text, space and tab. */
export const FIELD: Uint8Array = table((byte) => byte === 9 || (byte >= 32 && byte !== 127));

/** The value of a hexadecimal digit; 255 for any other byte. */
export const HEX: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

function table(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}

/** A string of `tchar`s. */
export const TOKEN_TEXT: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A string that a field value may be, with one byte per character. */
export const FIELD_TEXT: RegExp = /^[\t\x20-\x7e\x80-\xff]*$/;
