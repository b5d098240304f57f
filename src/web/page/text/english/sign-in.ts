/** Words of the sign-in. */
export const signIn = {
  title: "Sign in",
  user: "User",
  password: "Password",
  showPassword: "Show the password",
  submit: "Sign in",
  wrong: "User or password is wrong.",
  lockedOut: (time: string) => `Too many attempts. Try again in ${time}.`,
  lockedOutOver: "You can try again now.",
  expired: "Your session has ended. Sign in again to go on where you were.",
  noUsers: "Nobody can sign in yet",
  noUsersAdvice: "Make the first user on the server, then come back:",
  about: "Backup and restore for NextGIS Web",
};
