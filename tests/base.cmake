moult_test(base_json_test base)
moult_test(base_file_test base)
moult_fuzz(json base)
