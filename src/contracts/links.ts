/**
 * Part of contract `net`: the interfaces that its packets go by. Source: netdevice(7).
 */
export interface LinkAddress {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** Its bytes, in the net's order, as a byte string. */
  readonly host: string;
  readonly prefix: number;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** ARPHRD_ type, and the address of that kind as a byte string. */
  readonly type: number;
  readonly hardware: string;
  /** IFF_ bits. */
  readonly flags: number;
  readonly mtu: number;
  readonly queueLength: number;
  readonly addresses: readonly LinkAddress[];
}

/** Of the optional interface `links`. */
export interface LinkOperations {
  /** By index. They are facts, and not to be kept. */
  links(): readonly Link[];
}
