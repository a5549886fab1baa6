/** Preset: what a ready-made set of options says of itself, so that `explain()` can name it as the source of a rule. */

/** The system that a preset follows, and how closely. */
export interface PresetInfo {
  /** As it is called: `"jdk"` for `presets.jdk()`. */
  readonly name: string;
  /** What people call it: `"JDK HttpURLConnection"`. */
  readonly system: string;
  /** Versions whose rules it has. */
  readonly versions: string;
  /** Where the rules were read, or how they were measured. */
  readonly source: string;
  /** The options that it sets: one that was overridden is the user's. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Key under which a preset carries its {@linkcode PresetInfo}. A symbol, so that it comes along when a preset is spread
 * into options and is no option itself.
 */
export const PRESET: unique symbol = Symbol.for("holdfast.preset");
