/** Usage error: the command was called in a way that it does not know. */

/** Says what is wrong and what would be right. The command ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
