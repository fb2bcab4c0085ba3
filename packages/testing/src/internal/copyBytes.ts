/** The same bytes in a buffer of their own, also for Node's `Buffer`, whose `slice` shares. */
export const copyBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
