/** What the default name of an encrypted archive ends with. */
export const encryptedSuffix = ".age";
