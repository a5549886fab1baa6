/** PRNG: that of the testing kit, which users have as well. */

export { Prng } from "../../src/testing/prng.ts";
