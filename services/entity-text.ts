import type { Entity } from '../detectors/detector.ts';

/** What something is about as one text: in topics, tables and the API. */
export function entityText(entity: Entity): string {
  switch (entity.type) {
    case 'key':
      return `key:${entity.keyId}`;
    case 'team':
      return `team:${entity.team}`;
    case 'user':
      return `user:${entity.user}`;
  }
}
