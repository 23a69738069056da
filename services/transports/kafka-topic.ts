export interface KafkaTopic {
  /** As the rest of gatewatch calls it. */
  topic: string;
  /** Its full name. */
  topicName: string;
}
