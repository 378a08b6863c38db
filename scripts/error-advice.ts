// What to do about the errors that people meet at the command line. generate-errors.ts puts it into docs/errors.md, which
// `tsgi explain` prints; a code that no error has fails the generator.

/** Advice by code, in Markdown. */
export const ERROR_ADVICE: Readonly<Record<string, string>> = {
  ERR_TSGI_ADDRESS_IN_USE: `Another process listens there already, often an earlier run of the server. \`ss -ltnp\` shows which. Stop it, or choose
another address with \`--bind\`. To put new code into a server that runs, reload it (\`tsgi reload\`) and do not start a second one.`,
  ERR_TSGI_ADDRESS_UNUSABLE: `The system refuses the address. Ports below 1024 need root, or the capability CAP_NET_BIND_SERVICE; systemd can open
them for you (\`tsgi init systemd\`). A host name must lead to an address of this machine. The directory of a unix socket must exist, and the
user of the server must be able to write there.`,
  ERR_TSGI_BOOT: `A worker ended before it could serve. The lines below the message show why; a program in the application that ends its own
process is such a reason. \`tsgi fetch TARGET /\` runs the same code once, without workers.`,
  ERR_TSGI_CONFIG_FILE: `The configuration file exists, but cannot be read as one. \`tsgi -c FILE --print-config\` shows what a file says. The default
export of a \`.ts\` or \`.js\` file is an object of settings.`,
  ERR_TSGI_DEPLOY_FACTORY: `What \`use\` or \`paste.…\` names is no factory, or the factory failed. A factory is a function of the global and the local
values that returns an application or a filter. \`tsgi config check FILE\` looks at all factories of a file without serving.`,
  ERR_TSGI_DEPLOY_KEY_EXTRA: `The factory does not know this key. It is misspelt, or belongs to another section. For values that all sections may read,
use \`[DEFAULT]\`.`,
  ERR_TSGI_DEPLOY_KEY_MISSING: `The factory needs this key, and neither its section nor \`[DEFAULT]\` has it. A value may also come from the command
line: \`tsgi app.ini KEY=value\`.`,
  ERR_TSGI_DEPLOY_NO_FACTORY: `A section needs \`use = …\` or a key such as \`paste.app_factory = module:function\`, which says what makes the
application.`,
  ERR_TSGI_DEPLOY_SECTION_MISSING: `No section has the name that was asked for. \`tsgi app.ini\` serves \`main\`; \`tsgi app.ini#name\` serves another one.
\`tsgi config graph FILE\` shows what a file has.`,
  ERR_TSGI_FILE_UNUSABLE: `A key, a certificate, or a file that an option names cannot be read or written. Look at its path, which starts from the
directory of the command or from \`--chdir\`, and at the rights of the user that the server runs as.`,
  ERR_TSGI_IDENTITY: `A web server in front has started the program, and the program cannot trust what it was told about the request.`,
  ERR_TSGI_INTERPOLATION_MISSING: `A \`%(name)s\` in the INI file refers to a name that neither the section nor \`[DEFAULT]\` has. Give it on the command
line, \`tsgi app.ini NAME=value\`, or write \`%%\` for a percent sign.`,
  ERR_TSGI_LOG_FILE: `A log cannot be opened. Its directory must exist, and the user of the workers must be able to write there. A log behind a
symbolic link that this user made is refused, because root would write where the link leads.`,
  ERR_TSGI_NO_SUCH_ATTRIBUTE: `The module was loaded, and has no such export or attribute. Without a name after the colon, TypeScript needs an export
\`application\`, \`app\` or a default export, Python an attribute \`application\` or \`app\`. Name another one: \`tsgi app.ts:site\`.`,
  ERR_TSGI_PID_FILE: `The pid file cannot be written, or names a server that runs. Two servers need two pid files. A file that a crash left behind is
taken over by itself.`,
  ERR_TSGI_SETTING: `A setting has a value that it cannot have. The message names the flag, variable or file that it comes from. \`tsgi --help all\` lists
all settings, \`--print-config\` shows their values.`,
  ERR_TSGI_TARGET_FORM: `Expected is a file (\`app.ts\`, \`app.py\`), a file or module with a name (\`shop.wsgi:application\`), a call in quotes
(\`'shop:make_app("test")'\`), or an INI file (\`app.ini#site\`).`,
  ERR_TSGI_TARGET_NOT_AN_APPLICATION: `What the target names is no application. An application is a function of environ and startResponse, or an object or
class that is one. A factory needs parentheses: \`tsgi 'shop:makeApp()'\`.`,
  ERR_TSGI_TARGET_NOT_FOUND: `Neither a file nor a module has the name of the target. Names start from the current directory, or from \`--chdir\`:
\`shop.wsgi\` is \`shop/wsgi.py\` or \`shop/wsgi.ts\` there. A Python module that is installed elsewhere needs \`--python\`.`,
  ERR_TSGI_TARGET_SYNTAX: `A file of the application cannot be parsed. The lines below the message show where.`,
  ERR_TSGI_TARGET_THREW: `The application failed while it was loaded. The lines below the message are its own, with the place. Often a package is not
installed in the environment that is used (\`tsgi doctor\` names it), or a variable of the environment is missing.`,
  ERR_TSGI_USAGE: `The command line cannot be read. \`tsgi COMMAND --help\` shows what is possible.`,
};
