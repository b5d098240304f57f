import { type TSchema, Type } from "typebox";

/** Description of an answer that is a stream of bytes. */
export function bytesAnswer(type: string, description: string): { description: string; content: Content } {
  return { description, content: { [type]: { schema: Type.String() } } };
}

/** Description of an answer that is a stream of events. @param description of each, by its name */
export function eventsAnswer(description: string): { 200: ReturnType<typeof bytesAnswer> } {
  return { 200: bytesAnswer("text/event-stream", description) };
}

type Content = Record<string, { schema: TSchema }>;
