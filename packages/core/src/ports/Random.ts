/** All chance in Weir: seeded under test. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
}
