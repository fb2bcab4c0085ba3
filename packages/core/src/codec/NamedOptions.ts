/** How a codec of a type is called, and what it checks. */
export interface NamedOptions {
  /**
   * The name to use in place of the type's own. It is kept with the data, and a topic or store whose codec has another name
   * is refused: change it when the type changes. A schema has no name of its own, so it needs one.
   */
  readonly name?: string | undefined
  /**
   * Whether values are checked when they are written, too: one that is not of the type is refused with `EncodeFailed`.
   * `false` by default, as the compiler has checked them; worth its cost where values come from code without types. For a
   * value of five fields writing JSON takes a fifth longer with an io-ts type, and more than a third with a Zod schema.
   */
  readonly checkOnWrite?: boolean | undefined
}
