/** Version: that of the package. A test holds it against package.json and deno.json, which are not there in a bundle. */

/** As `holdfast --version` prints it. */
export const VERSION = "0.1.0";
