// What HOLDFAST_CONFIG names in the tests, as CommonJS.
module.exports = { idleTimeout: "25s" };
