moult_story(integration layers.mjs)
moult_story(integration home_init)
moult_story(integration evolve)
moult_story(integration evolve_routing)
moult_story(integration evolve_order)
moult_story(integration live_routing.mjs)
if(NOT MOULT_SANITIZE) # the same programs as in integration/evolve, three times as slow
    moult_story(integration demo)
endif()
