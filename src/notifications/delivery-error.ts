import { AppError } from "../errors.ts";

/** A notification was not taken. Its message holds no secret. */
export class DeliveryError extends AppError {
  /** Whether another try may do. */
  readonly mayPass: boolean;

  constructor(message: string, mayPass: boolean, cause?: unknown) {
    super("notification", message, cause === undefined ? {} : { cause });
    this.mayPass = mayPass;
  }
}
