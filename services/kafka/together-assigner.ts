import { AssignerProtocol } from 'kafkajs';
import type { PartitionAssigner } from 'kafkajs';
import { spread, toOne } from './share-out.ts';
import type { Member } from './share-out.ts';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;
const VERSION = 1;

export interface TogetherOptions {
  share: 'spread' | 'one';
  /** Partitions that this member has at the moment it is asked. */
  has: () => readonly number[];
}

/** A partition number of all topics goes to the same member: what is said about a key in one topic is where the key is
 *  judged. Members say what they have, so that little moves. */
export function togetherAssigner({ share, has }: TogetherOptions): PartitionAssigner {
  const name = `gatewatch-${share}`;
  return ({ cluster }) => ({
    name,
    version: VERSION,
    protocol: ({ topics }) => ({
      name,
      metadata: MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: Buffer.from(JSON.stringify(has())),
      }),
    }),
    assign: ({ members, topics }) => {
      const counts = topics.map((topic) => cluster.findTopicPartitionMetadata(topic).length);
      const shareOut = share === 'one' ? toOne : spread;
      const known = members.map(({ memberId, memberMetadata }): Member => {
        return { id: memberId, has: readClaims(memberMetadata) };
      });
      const shares = shareOut(Math.max(...counts), known);
      return Promise.resolve(
        [...shares].map(([memberId, partitions]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: VERSION,
            assignment: Object.fromEntries(
              topics.map((topic, index) => [topic, partitions.filter((one) => one < (counts[index] ?? 0))]),
            ),
            userData: Buffer.alloc(0),
          }),
        })),
      );
    },
  });
}

function readClaims(metadata: Buffer): number[] {
  const text = MemberMetadata.decode(metadata)?.userData.toString() ?? '';
  return text === '' ? [] : (JSON.parse(text) as number[]);
}
