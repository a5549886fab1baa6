/** Usage error: the arguments of the command are wrong. */

/** Names the wrong argument, and what would be right. The command ends with exit code 2. */
export class UsageError extends Error {
  /** The name of the class. */
  override readonly name = "UsageError";
}
