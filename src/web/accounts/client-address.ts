import { isIPv6 } from "node:net";

/**
 * The part of a client's address that limits count by: the /64 that a line has in IPv6, the whole address in IPv4. All of this
 * machine are one: any program here may come from each of them.
 * @param address as a socket or a proxy tells it
 */
export function addressBlock(address: string): string {
  if (isLoopback(address)) return "loopback";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const [first, last] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<string>(zeros).fill("0"), ...last];
  const block = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${block.join(":")}::/64`;
}

/** Whether it is one of this machine. */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address) || address === "::1";
}

/** The last two groups may be written as an IPv4 address. */
function groupsOf(text: string): string[] {
  return text
    .split(":")
    .filter((group) => group !== "")
    .flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}
