moult_test(wire_effect_test wire)
moult_test(wire_frame_test wire)
moult_test(wire_config_test wire)
moult_fuzz(effect wire)
