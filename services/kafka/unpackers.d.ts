declare module 'lz4js' {
  export function decompress(packed: Uint8Array, maxSize?: number): Uint8Array;
}
declare module 'snappyjs' {
  export function uncompress(packed: Uint8Array, maxLength?: number): Uint8Array;
}
