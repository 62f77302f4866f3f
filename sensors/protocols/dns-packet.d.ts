/** The part of dns-packet that tests use; the package brings no types. */
declare module 'dns-packet' {
  export interface Question {
    readonly type: string;
    readonly name: string;
  }
  export interface Answer extends Question {
    readonly ttl: number;
    readonly data: unknown;
  }
  export interface Packet {
    readonly id: number;
    readonly type: 'query' | 'response';
    readonly flags?: number;
    readonly questions: readonly Question[];
    readonly answers: readonly Answer[];
  }
  const packet: {
    readonly RECURSION_DESIRED: number;
    readonly RECURSION_AVAILABLE: number;
    encode(message: Packet): Buffer;
    decode(message: Buffer): Packet;
    /** With the length in front that TCP has. */
    streamEncode(message: Packet): Buffer;
  };
  export default packet;
}
