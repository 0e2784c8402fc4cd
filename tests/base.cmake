moult_test(base_json_test base)
moult_test(base_file_test base)
moult_test(base_fd_test base)
moult_test(base_sign_test base)
moult_fuzz(json base)

# The same condition as in runtime/base: a release must not read MOULT_FAIL_IO.
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_definitions(base_file_test PRIVATE MOULT_FAULTS=1)
else()
    target_compile_definitions(base_file_test PRIVATE MOULT_FAULTS=0)
endif()
