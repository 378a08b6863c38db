import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme";

import { chooseLanguage } from "./choose-language.ts";
import { nameParts } from "./name-parts.ts";
import { onEachPage } from "./on-each-page.ts";
import "./style.css";

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ router }) {
    if (typeof window === "undefined") return;
    chooseLanguage(router);
    onEachPage(router, nameParts);
  },
};

export default theme;
