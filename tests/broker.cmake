moult_test(broker_journal_test wire base)
target_link_libraries(broker_journal_test PRIVATE PkgConfig::SQLITE)
# A client starts the broker that stands beside it.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
file(CREATE_LINK ../bin/moult-broker ${CMAKE_BINARY_DIR}/tests/moult-broker SYMBOLIC)
add_dependencies(broker_journal_test moult-broker)
