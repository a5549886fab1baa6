/** Usage error: the command line of a script cannot be understood; the message says why. */

export class UsageError extends Error {
  override readonly name = "UsageError";
}
