import { Type } from "typebox";

/** Schema of the answer 204, which has no body. */
export const noContent = Type.Null({ description: "Done" });
