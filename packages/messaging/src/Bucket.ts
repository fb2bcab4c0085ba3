/** How far a bucket is filled, as of a time: all that has to be remembered of it. Plain data. */
export interface BucketState {
  /** Of a token bucket: the tokens in it. Of a leaky bucket: what has not leaked out yet. */
  readonly level: number
  /** In ms, of whichever clock the caller goes by. */
  readonly atMs: number
}

/** What came of a try to take permits. */
export interface Taken {
  /** The bucket afterwards; as of now, but otherwise unchanged, when nothing was granted. */
  readonly state: BucketState
  readonly granted: boolean
  /**
   * Granted: how long to wait before making use of it; always 0 with a token bucket. Not granted: when it may be tried
   * again with success, if nobody else takes anything before; `Infinity` when the bucket is too small for it at any time.
   */
  readonly waitMs: number
}

/**
 * A limit of so many permits a second, as arithmetic: no timer, no clock, nothing remembered outside of the state.
 *
 * Time that goes back by up to a second is taken for two clocks that differ a little: nothing is added until it has
 * caught up. Time that goes back further was set back, and counts on from where it is now. Time set forwards fills a
 * token bucket, so each such jump may let one `burst` more through than the limit says.
 */
export interface Bucket {
  readonly kind: 'token' | 'leaky'
  readonly ratePerSecond: number
  /** The `burst` of a token bucket, the `capacity` of a leaky one. */
  readonly size: number
  /** A bucket that nothing was taken from. */
  fresh(nowMs: number): BucketState
  /** Takes `n` permits, all or none of them; 1 by default. 0 only brings the state up to the time. */
  take(state: BucketState, nowMs: number, n?: number): Taken
  /** Whether the bucket has become as good as a fresh one, so that it need not be remembered. */
  isFresh(state: BucketState, nowMs: number): boolean
}
