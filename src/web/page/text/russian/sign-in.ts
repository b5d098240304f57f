import type { signIn as english } from "../english/sign-in.ts";

/** Слова входа. */
export const signIn: typeof english = {
  title: "Вход",
  user: "Пользователь",
  password: "Пароль",
  showPassword: "Показать пароль",
  submit: "Войти",
  wrong: "Неверный пользователь или пароль.",
  lockedOut: (time) => `Слишком много попыток. Попробуйте через ${time}.`,
  lockedOutOver: "Можно попробовать снова.",
  expired: "Сеанс закончился. Войдите снова, чтобы продолжить с того же места.",
  noUsers: "Пока никто не может войти",
  noUsersAdvice: "Создайте первого пользователя на сервере и вернитесь:",
  about: "Резервное копирование и восстановление NextGIS Web",
};
