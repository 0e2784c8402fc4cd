moult_story(integration home_init)
moult_story(integration evolve)
moult_story(integration demo)
