import { session } from "../data/session.ts";
import { signOut } from "../data/sign-in.ts";
import { words } from "../text/language.ts";
import { Menu, MenuButton } from "../ui/menu.tsx";
import { Preferences } from "./preferences.tsx";

/** Who is signed in, how the page looks, and the way out. */
export function AccountMenu() {
  const text = words.value.common;
  const who = session.value;
  if (!who) return null;
  return (
    <Menu name={text.account} icon="user" label={who.user}>
      <div class="account-who">
        <p class="strong">{who.user}</p>
        <p class="muted">{text.roles[who.role]}</p>
      </div>
      <Preferences />
      <MenuButton icon="left" onClick={() => void signOut().catch(() => undefined)}>
        {text.signOut}
      </MenuButton>
    </Menu>
  );
}
