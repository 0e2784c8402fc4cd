moult_story(integration home_init)
