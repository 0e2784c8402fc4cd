moult_test(mock_script_test mock base)
moult_test(mock_engine_test mock base)
