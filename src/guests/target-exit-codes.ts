// The command's exit codes for a target that does not load, for all languages: a script can tell a missing file from a broken one
// without reading the message.

/** The codes. 4 is the one that gunicorn's users know for "the application failed to load". */
export const TARGET_EXIT_CODES = {
  targetForm: 2,
  threwWhileLoading: 4,
  notFound: 5,
  syntaxError: 6,
  noSuchAttribute: 7,
  notAnApplication: 8,
} as const;
