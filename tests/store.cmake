# The retail store, the tool program, and the mended calls that it carries out.
moult_story(integration store_recorded)
