declare module 'lz4js' {
  /** Bytes of the output at most; wrong for what is damaged. */
  export function decompressBound(packed: Uint8Array): number;
  export function decompress(packed: Uint8Array, maxSize?: number): Uint8Array;
}
declare module 'snappyjs' {
  export function uncompress(packed: Uint8Array, maxLength?: number): Uint8Array;
}
