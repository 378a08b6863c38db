// What the theme leaves to be guessed by programs that read pages aloud.

/** Says which part of the first page is the main one, and keeps one button of each two in each other. */
export function nameParts(): void {
  document.querySelector(".VPHome")?.setAttribute("role", "main");
  // The whole heading of a group opens it; the arrow in it is only a picture.
  for (const arrow of document.querySelectorAll('.VPSidebarItem [role="button"] [role="button"]')) {
    arrow.removeAttribute("role");
    arrow.removeAttribute("tabindex");
    arrow.removeAttribute("aria-label");
  }
}
