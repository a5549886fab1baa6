/** A connection for every two requests: the origin sees whether these options are in force. */
export default { maxRequests: 2 };
