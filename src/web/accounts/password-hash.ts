import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** What makes a guess dear: 128 MiB and some tenths of a second each. Kept with every hash, so that it can be raised. */
const cost = { N: 2 ** 17, r: 8, p: 1 } as const;
const saltBytes = 16;
const hashBytes = 32;

interface Cost {
  N: number;
  r: number;
  p: number;
}

/** A hash of a password with a fresh salt: `scrypt$N$r$p$SALT$HASH`, the last two base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, hashBytes, cost);
  return encode(salt, hash);
}

/** A hash that no password has, to try those of unknown users on: that takes as long as any other. */
export function hashOfNothing(): string {
  return encode(randomBytes(saltBytes), randomBytes(hashBytes));
}

function encode(salt: Buffer, hash: Buffer): string {
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/**
 * Whether a password is the one of a hash.
 * @param stored by `hashPassword`
 * @throws Error for anything else
 */
export async function isPasswordOf(stored: string, password: string): Promise<boolean> {
  const match = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]+)$/.exec(stored);
  if (match === null) throw new Error("what is stored is no hash of a password");
  const [N, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const expected = Buffer.from(match[5]!, "base64url");
  const found = await derive(password, Buffer.from(match[4]!, "base64url"), expected.length, { N, r, p });
  return timingSafeEqual(expected, found);
}

/** Letters that can be written in several ways, й for one, are the same whichever way a keyboard has. */
async function derive(password: string, salt: Buffer, length: number, { N, r, p }: Cost): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, length, { N, r, p, maxmem: 256 * N * r }, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    );
  });
}
