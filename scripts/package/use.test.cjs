// Run by Jest, which loads modules in its own way, in a realm of its own.
const { use } = require("./use.cjs");

test("the package works under Jest", use);
