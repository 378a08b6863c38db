// Subdomains as rules: `api`, `<tenant>`, `<tenant>.api`. Source: Werkzeug's rules of subdomains.
import type { ConverterSource } from "./converters.ts";
import { FrameworkError } from "./errors.ts";
import { Rule, type RuleValues } from "./rule.ts";

/**
 * Reads the rule of a subdomain; its text counts in any case, as in all names of hosts.
 *
 * @throws FrameworkError when it cannot be read
 */
export function subdomainRule(text: string, converters: ReadonlyMap<string, ConverterSource>): Rule {
  return new Rule(
    `/${text.replaceAll(/<[^<>]*>|[^<]+/g, (part) => (part.startsWith("<") ? part : part.toLowerCase()))}`,
    converters,
  );
}

/**
 * Writes the subdomain of some values.
 *
 * @param rule - of the subdomain
 * @throws FrameworkError for a value that is missing, or that no host can have
 */
export function builtSubdomain(rule: Rule, values: RuleValues): string {
  const written = rule.build(values).slice(1);
  if (/^[a-z\d_-]+(?:\.[a-z\d_-]+)*$/.test(written)) return written;
  throw new FrameworkError(
    `The subdomain "${rule.text.slice(1)}" would be "${written}", which is no name of a host in lower case`,
  );
}
