// What HOLDFAST_CONFIG names in the tests.
// biome-ignore lint/style/noDefaultExport: the default export is what the preload reads
export default {
  idleTimeout: "20s",
  onEvent: ({ type }) => type === "connection.opened" && console.log("opened"),
};
