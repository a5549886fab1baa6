/** Clock: that of the testing kit, which users have as well. */

export { MovableClock, settled } from "../../src/testing/movable-clock.ts";
