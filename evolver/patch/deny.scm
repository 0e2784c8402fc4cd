; deny - constructs that a plugin may not hold, as queries over its syntax tree.
;
; A capture's name is the rule (rules.c says why it is refused, and what to do instead); #any-of? and
; #not-any-of? compare the captured text. The tree's grammar is not the compiler's: what must not be
; missed is refused by token too (source_words.c), or shows in the object (sandbox/elf.c).

((storage_class_specifier) @storage
  (#not-any-of? @storage "static"))

(attribute_declaration) @attribute
(ms_declspec_modifier) @attribute
(ms_call_modifier) @attribute
(gnu_asm_expression) @asm

(union_specifier) @union

; A pointer is never made by a cast, nor through the name of a type that may stand for one.
(cast_expression type: (type_descriptor declarator: (_))) @pointer_cast
((cast_expression type: (type_descriptor type: (type_identifier) @cast))
  (#not-any-of? @cast "moult_action"))

(parenthesized_expression (compound_statement) @statement_expression)
(compound_statement (function_definition) @nested_function)
