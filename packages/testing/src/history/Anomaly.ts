/**
 * - `lost`: acknowledged, and not there at the end
 * - `duplicated`: there twice
 * - `reordered`: before a record that was committed earlier
 * - `torn`: a part of a commit is there, another is not; or a record has other content
 * - `stale`: a read did not show what was acknowledged or read before it began
 * - `phantom`: there, and never committed, or refused, or before it was committed
 */
export type AnomalyKind = 'lost' | 'duplicated' | 'reordered' | 'torn' | 'stale' | 'phantom'

/** Something in a history that must not be. */
export interface Anomaly {
  readonly kind: AnomalyKind
  /** Which record, where, and what was expected. */
  readonly message: string
}
