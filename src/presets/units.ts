/** Units: sizes of HTTP/2 windows, as the sources write them. */

export const KIB = 1024;
export const MIB: number = 1024 * KIB;
