moult_test(mock_script_test mock base)
