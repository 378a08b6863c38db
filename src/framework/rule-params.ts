// What the compiler knows of a rule: `/users/<int:id>/<slug>` gives a handler `{ id: number; slug: string }`. Source: Flask's rules;
// TypeScript's template literal types.
import type { Converter, ConverterArguments, ConverterSource } from "./converters.ts";

/** What the converters of the framework give a handler. */
export interface ConverterValues {
  string: string;
  int: number;
  float: number;
  path: string;
  uuid: string;
  any: string;
}

/** Own converters by name: one, or a function that makes one of the arguments in the rule. */
export type OwnConverters = Readonly<Record<string, ConverterSource>>;

/** What stands between `<` and `>`, as a union. */
type Pieces<Rule extends string> = Rule extends `${string}<${infer Piece}>${infer Rest}` ? Piece | Pieces<Rest> : never;

type NameIn<Piece extends string> = Piece extends `${string}:${infer Name}` ? Name : Piece;

type ConverterIn<Piece extends string> = Piece extends `${infer Text}:${string}`
  ? Text extends `${infer Name}(${string}`
    ? Name
    : Text
  : "string";

/** An unknown converter gives `never`, so that any use of its value is an error of the compiler. */
type ValueOf<Name extends string, Own> = Name extends keyof Own
  ? Own[Name] extends Converter<infer Value> | ((conversion: ConverterArguments) => Converter<infer Value>)
    ? Value
    : never
  : Name extends keyof ConverterValues
    ? ConverterValues[Name]
    : never;

/** The parameters of a rule, by name; of one that the compiler does not know, anything. */
export type RuleParams<Rule extends string, Own = object> = string extends Rule
  ? Readonly<Record<string, unknown>>
  : { readonly [Piece in Pieces<Rule> as NameIn<Piece>]: ValueOf<ConverterIn<Piece>, Own> };
