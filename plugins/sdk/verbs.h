/* verbs - one row for each verb that a plugin may ask of its host.
 *
 * The host table, the functions that plugins call, the vocabulary of the embedded proposer, the list of
 * capabilities in a review and the reference page are all made from these rows. A verb is general: none
 * is the repair of one known failure. On a null or empty argument a verb does nothing and answers
 * nothing (zero, null, empty).
 *
 * V(returns, name, parameters, arguments, signature, purity, effect, cost, summary)
 *   signature  for typed search: RESULT:ARG,ARG...; the turn is not written.
 *              T text, J value, S schema, C call, P span, I iterator (out), B yes or no, N number,
 *              F flags (their enum behind it), R role
 *   purity     PURE: looks only; EDIT: changes the turn, applied when the hook ends without failure
 *   effect     what an edit touches: NONE, CALLS, TEXT, MSGS, ROUTE, TIME
 *   cost       1 constant, 2 linear in its text or value, 3 linear in the conversation */
#ifndef MOULT_VERBS_H
#define MOULT_VERBS_H

/* clang-format off */
#define MOULT_VERBS(V) \
/* look */ \
V(moult_text, body, (moult_turn *turn), (turn), "T:", PURE, NONE, 1, \
  "the text in hand: the user's in turn_start, the model's in reply and answer, the result in after_tool") \
V(bool, calls, (moult_turn *turn, moult_it *it), (turn, it), "B:I", PURE, NONE, 1, \
  "next call of the reply in hand, as it.call") \
V(bool, msgs, (moult_turn *turn, uint32_t filter, moult_it *it), (turn, filter, it), "B:Fmsgs,I", PURE, NONE, 1, \
  "next message of the conversation that the filter lets through, as it.text, it.role, it.index") \
V(int64_t, error, (moult_turn *turn, uint32_t what), (turn, what), "N:Ferror", PURE, NONE, 1, \
  "class, attempt or retry-after of the model error in hand") \
V(uint32_t, past, (moult_turn *turn, const moult_call *call, uint32_t filter), (turn, call, filter), "N:C,Fpast", PURE, NONE, 3, \
  "how many earlier calls of the conversation are like this one in the ways that the filter names") \
/* values */ \
V(uint32_t, kind, (moult_turn *turn, const moult_json *value), (turn, value), "N:J", PURE, NONE, 1, \
  "the kind of a value, MOULT_NOTHING for null pointers") \
V(const moult_json *, get, (moult_turn *turn, const moult_json *value, moult_text key), (turn, value, key), "J:J,T", PURE, NONE, 1, \
  "a member of an object") \
V(bool, each, (moult_turn *turn, const moult_json *value, moult_it *it), (turn, value, it), "B:J,I", PURE, NONE, 1, \
  "next member of an object or element of an array, as it.value and it.key") \
V(moult_text, text_of, (moult_turn *turn, const moult_json *value), (turn, value), "T:J", PURE, NONE, 2, \
  "a string's text; other values as JSON") \
V(const moult_json *, parse, (moult_turn *turn, moult_text text, uint32_t mode), (turn, text, mode), "J:T,Fparse", PURE, NONE, 2, \
  "the value that a text denotes, or nothing: strict JSON, or lenient (single quotes, True, None, trailing comma)") \
V(uint32_t, length, (moult_turn *turn, const moult_json *value), (turn, value), "N:J", PURE, NONE, 1, \
  "members, elements, or bytes of a string") \
V(const moult_json *, json_set, (moult_turn *turn, const moult_json *value, moult_text key, const moult_json *member), (turn, value, key, member), "J:J,T,J", PURE, NONE, 2, \
  "a copy of an object with one member set, or without it when member is null") \
/* schemas */ \
V(const moult_schema *, schema_of, (moult_turn *turn, moult_text tool, moult_text key), (turn, tool, key), "S:T,T", PURE, NONE, 1, \
  "the schema of a tool's parameters in this request, or of one parameter when key is not empty") \
V(bool, fits, (moult_turn *turn, const moult_schema *schema, const moult_json *value), (turn, schema, value), "B:S,J", PURE, NONE, 2, \
  "whether a value is valid by a schema: type, required, properties, items, enum") \
/* text */ \
V(bool, text_json, (moult_turn *turn, moult_text text, moult_it *it), (turn, text, it), "B:T,I", PURE, NONE, 2, \
  "next JSON object that stands in a text, as it.value and it.span") \
V(bool, text_between, (moult_turn *turn, moult_text text, moult_text open, moult_text close, moult_it *it), (turn, text, open, close, it), "B:T,T,T,I", PURE, NONE, 2, \
  "next stretch between two marks (or the end), as it.text without and it.span with them") \
V(moult_span, text_grow, (moult_turn *turn, moult_text text, moult_span span, uint32_t how), (turn, text, span, how), "P:T,P,Fgrow", PURE, NONE, 2, \
  "a span with the markup pair, fence or rest of line around it") \
V(moult_text, text_after, (moult_turn *turn, moult_text text, moult_text token), (turn, text, token), "T:T,T", PURE, NONE, 2, \
  "what stands behind the first occurrence of a token") \
V(bool, text_is, (moult_turn *turn, moult_text text, uint32_t how, moult_text other), (turn, text, how, other), "B:T,Fis,T", PURE, NONE, 2, \
  "whether a text equals, contains, begins with the other, or is blank") \
V(bool, span_edge, (moult_turn *turn, moult_text text, moult_span span, uint32_t which), (turn, text, span, which), "B:T,P,Fedge", PURE, NONE, 2, \
  "whether a span begins or ends at the edge of a line or of the text") \
/* edit */ \
V(bool, call_add, (moult_turn *turn, moult_text tool, const moult_json *args), (turn, tool, args), "B:T,J", EDIT, CALLS, 2, \
  "one more call in the reply; it passes before_tool like any other") \
V(bool, call_set, (moult_turn *turn, moult_call *call, moult_text tool, const moult_json *args), (turn, call, tool, args), "B:C,T,J", EDIT, CALLS, 2, \
  "another tool or other arguments for a call") \
V(bool, arg_set, (moult_turn *turn, moult_call *call, moult_text key, const moult_json *value), (turn, call, key, value), "B:C,T,J", EDIT, CALLS, 2, \
  "sets one argument of a call, or drops it when value is null") \
V(bool, arg_rename, (moult_turn *turn, moult_call *call, moult_text from, moult_text to), (turn, call, from, to), "B:C,T,T", EDIT, CALLS, 2, \
  "an argument under another name") \
V(bool, cut, (moult_turn *turn, moult_span span), (turn, span), "B:P", EDIT, TEXT, 1, \
  "takes a span out of the text in hand, and blanks that are then left at its ends") \
V(bool, body_set, (moult_turn *turn, moult_text text), (turn, text), "B:T", EDIT, TEXT, 2, \
  "another text in the place of the one in hand") \
V(bool, msg_drop, (moult_turn *turn, uint32_t index), (turn, index), "B:N", EDIT, MSGS, 1, \
  "leaves one message out of what the model will see") \
V(bool, msg_add, (moult_turn *turn, uint32_t role, moult_text text), (turn, role, text), "B:R,T", EDIT, MSGS, 1, \
  "one more message at the end of what the model will see") \
V(bool, use_model, (moult_turn *turn, uint32_t index), (turn, index), "B:N", EDIT, ROUTE, 1, \
  "the model alias for the next request, by its place in the configuration") \
V(bool, wait, (moult_turn *turn, uint32_t ms), (turn, ms), "B:N", EDIT, TIME, 1, \
  "how long to wait before the retry that this hook returns") \
/* text; rows that came later stand last, since the host table only grows */ \
V(moult_text, text_head, (moult_turn *turn, moult_text text, uint32_t size), (turn, text, size), "T:T,N", PURE, NONE, 1, \
  "the first bytes of a text, at most so many, cut between characters")
/* clang-format on */

#endif
