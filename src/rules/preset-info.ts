/** Preset info: how a preset describes itself, so that `explain()` can name it as the source of a rule. */

/** The system that a preset follows, and how closely. */
export interface PresetInfo {
  /** The function that makes it: `"jdk"` for `presets.jdk()`. */
  readonly name: string;
  /** The usual name of the system: `"JDK HttpURLConnection"`. */
  readonly system: string;
  /** The versions whose rules it reproduces. */
  readonly versions: string;
  /** Where the rules were read or how they were measured. */
  readonly source: string;
  /** The options that the preset sets. An option that was overridden counts as the user's. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Key under which a preset carries its {@linkcode PresetInfo}. A symbol is copied when a preset is spread into options,
 * and is not taken for an option.
 */
export const PRESET: unique symbol = Symbol.for("holdfast.preset");
