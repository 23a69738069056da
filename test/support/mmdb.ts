/** Writes small MMDB files: a search tree over prefixes, records, metadata. */

export type MmdbValue =
  string | number | boolean | readonly MmdbValue[] | { readonly [key: string]: MmdbValue };

/** `2` text, `3` double, `6` uint32, `7` map, `8`… extended: the types of the format. */
function control(type: number, size: number): Buffer {
  const [small, rest] =
    size < 29
      ? [size, Buffer.alloc(0)]
      : size < 285
        ? [29, Buffer.from([size - 29])]
        : [30, Buffer.from([(size - 285) >> 8, (size - 285) & 255])];
  const head = type < 8 ? Buffer.from([(type << 5) | small]) : Buffer.from([small, type - 7]);
  return Buffer.concat([head, rest]);
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string')
    return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'boolean') return control(14, value ? 1 : 0);
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return Buffer.concat([
      control(value > 0xffff_ffff ? 9 : 6, value > 0xffff_ffff ? 8 : 4),
      bytes.subarray(value > 0xffff_ffff ? 0 : 4),
    ]);
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), bytes]);
  }
  if (Array.isArray(value))
    return Buffer.concat([control(11, value.length), ...value.map((item: MmdbValue) => encode(item))]);
  const entries = Object.entries(value as Record<string, MmdbValue>);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, item]) => [encode(key), encode(item)]),
  ]);
}

interface Node {
  sides: [Node | number | undefined, Node | number | undefined];
}

function bitsOf(cidr: string, family: 4 | 6): number[] {
  const [address = '', length = ''] = cidr.split('/');
  const bytes = family === 4 ? address.split('.').map(Number) : bytesOfV6(address);
  const bits = bytes.flatMap((byte) => Array.from({ length: 8 }, (_, index) => (byte >> (7 - index)) & 1));
  return bits.slice(0, Number(length));
}

function bytesOfV6(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':').map((word) => parseInt(word, 16)));
  const [before, after] = [words(head), words(tail ?? '')];
  const all =
    tail === undefined
      ? before
      : [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return all.flatMap((word) => [word >> 8, word & 255]);
}

/** `networks`: CIDR and record; prefixes must not contain each other. */
export function mmdbFile(
  databaseType: string,
  family: 4 | 6,
  networks: readonly (readonly [cidr: string, record: MmdbValue])[],
): Buffer {
  const root: Node = { sides: [undefined, undefined] };
  const nodes = [root];
  for (const [index, [cidr]] of networks.entries()) {
    const bits = bitsOf(cidr, family);
    let node = root;
    for (const [depth, bit] of bits.entries()) {
      if (depth === bits.length - 1) node.sides[bit as 0 | 1] = index;
      else {
        const next = node.sides[bit as 0 | 1];
        if (typeof next === 'object') node = next;
        else {
          const made: Node = { sides: [undefined, undefined] };
          nodes.push(made);
          node.sides[bit as 0 | 1] = made;
          node = made;
        }
      }
    }
  }
  const records = networks.map(([, record]) => encode(record));
  const starts = records.map((_, index) => Buffer.concat(records.slice(0, index)).length);
  const tree = Buffer.alloc(nodes.length * 8);
  for (const [index, { sides }] of nodes.entries()) {
    for (const [side, target] of sides.entries()) {
      const pointer =
        target === undefined
          ? nodes.length
          : typeof target === 'number'
            ? nodes.length + 16 + (starts[target] ?? 0)
            : nodes.indexOf(target);
      tree.writeUInt32BE(pointer, index * 8 + side * 4);
    }
  }
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_780_000_000,
    database_type: databaseType,
    description: { en: 'test' },
    ip_version: family,
    languages: ['en'],
    node_count: nodes.length,
    record_size: 32,
  };
  const marker = Buffer.concat([Buffer.from('abcdef', 'hex'), Buffer.from('MaxMind.com')]);
  return Buffer.concat([tree, Buffer.alloc(16), ...records, marker, encode(metadata)]);
}
