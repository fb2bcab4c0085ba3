/**
 * Where reading begins: the first record kept, the records appended from now on, an offset (with `partition`, unless there
 * is only one), or the first record at or after a time (in milliseconds since 1970).
 */
export type StartPosition = 'earliest' | 'latest' | { readonly offset: number } | { readonly time: number }
